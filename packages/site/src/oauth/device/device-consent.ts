import type { Connection } from '@annex/database'
import { isRecord } from '@annex/protocol'
import type { Principal } from '../../policy/principal.ts'
import { AuthorizationRequest } from '../authorize/authorization-request.ts'
import { decide, offeredScopes } from '../authorize/consent/consent.ts'
import { readConsentFacts, type AuthorizeFacts } from '../authorize/consent/consent-facts.ts'
import type { SignedIn } from '../authorize/consent/open-consent.ts'
import { endWiderConnections } from '../authorize/older/older-connections.ts'
import { consumePending, insertPending, readPending } from '../authorize/consent/pending-requests-store.ts'
import { doctypeIdsOf, grantedSets } from '../authorize/requested/requested-scopes.ts'
import { limitRows, type RowChoices } from '../authorize/rows/row-choices.ts'
import type { Client } from '../clients/client.ts'
import type { NewGrant } from '../grants/grants.ts'
import { LIFETIMES } from '../grants/lifetimes.ts'
import type { OAuthParts } from '../oauth-parts.ts'
import type { DeviceRow } from '../storage/oauth-tables.ts'
import { hashOf, randomText } from '../token-text.ts'
import { nameGrant, readDevice, settleDevice } from './device-store.ts'

export type DeviceConsentParts = Pick<
  OAuthParts,
  'database' | 'grants' | 'audit' | 'doctypeOf' | 'documents' | 'settings' | 'users' | 'zone' | 'now'
>

/** Who decides, in which session. */
export interface Decider {
  readonly principal: Principal
  readonly session: string
}

/** A device whose app was admitted, as the consent page knows what it asks about. */
export interface Question {
  readonly signedIn: SignedIn
  readonly facts: AuthorizeFacts
}

/** A decision that was opened, and has not been made. */
export interface OpenDecision {
  readonly pending: string
  readonly device: DeviceRow
  readonly offered: readonly string[]
}

/** What the person says. */
export interface Verdict {
  /** undefined when they do not allow it. */
  readonly ticked: readonly string[] | undefined
  readonly choices: RowChoices
  /** Whether older connections that reach more end with it. */
  readonly endsOlder: boolean
}

/** What a device's user is asked: all of it, each time, because nobody can see where the device stands. */
export async function readQuestion(parts: DeviceConsentParts, client: Client, device: DeviceRow, decider: Decider): Promise<Question> {
  const scope = device.scopes === '' ? {} : { scope: device.scopes }
  const request = new AuthorizationRequest(new URLSearchParams({ ...scope, prompt: 'consent' }))
  const authTime = (await parts.users.signedInAt(decider.session)) ?? parts.now()
  const signedIn = { ...decider, client, request, redirectUri: client.defaultRedirectUri, redirectNamed: false, authTime }
  return { signedIn, facts: await readConsentFacts(parts, signedIn) }
}

/** Keeps what is asked under a one-time id that this session alone can use. */
export async function openDecision(
  { database, now }: DeviceConsentParts,
  device: DeviceRow,
  { signedIn, facts }: Question,
): Promise<{ id: string; offered: string[] }> {
  const [id, offered] = [randomText(), offeredScopes(facts)]
  const row = {
    hash: hashOf(id),
    session: signedIn.session,
    user: signedIn.principal.user,
    client: device.client,
    // The query names no client: at the authorization endpoint this opens nothing.
    request: JSON.stringify({ query: signedIn.request.toString(), offered, device: device.hash }),
    created: now(),
    expires: Math.min(now() + LIFETIMES.pending, device.expires),
  }
  await database.transaction((connection) => insertPending(connection, row))
  return { id, offered }
}

/** The decision that this session opened; undefined when it has ended, or was made. */
export async function readDecision(
  { database, now }: DeviceConsentParts,
  { principal, session }: Decider,
  id: string,
): Promise<OpenDecision | undefined> {
  const row = await readPending(database.connection, { hash: hashOf(id), session, user: principal.user }, now())
  const stored: unknown = row ? JSON.parse(row.request) : undefined
  if (!row || !isRecord(stored) || typeof stored['device'] !== 'string' || !Array.isArray(stored['offered'])) return undefined
  const device = await readDevice(database.connection, stored['device'])
  return device && { pending: row.hash, device, offered: stored['offered'].map(String) }
}

/** Stores the decision in one durable transaction; `ended` when it was made before or the code has ended. */
export function settleDecision(
  parts: DeviceConsentParts,
  open: OpenDecision,
  question: Question,
  verdict: Verdict,
): Promise<'allowed' | 'denied' | 'ended'> {
  const { database, audit, now } = parts
  const { client, principal, session } = question.signedIn
  const { user } = principal
  const { pending, device } = open
  const grant = grantOf(parts, open, question, verdict)
  const state = grant ? 'allowed' : 'denied'
  return database.transaction(
    async (connection: Connection) => {
      // A grant must not outlive the change of a password that ended all of them.
      if (!(await parts.users.holdSession(connection, session))) return 'ended'
      if (!(await consumePending(connection, pending)) || !(await settleDevice(connection, { hash: device.hash, user }, state, now())))
        return 'ended'
      if (grant && verdict.endsOlder) await endWiderConnections(connection, parts, { client, consent: grant, session })
      if (grant) await nameGrant(connection, device.hash, await parts.grants.insert(connection, grant))
      else await audit.write(connection, { event: 'oauth.consent.denied', user, client: device.client })
      return state
    },
    { durable: true },
  )
}

/** What was allowed; undefined when nothing was. */
function grantOf(
  { doctypeOf }: DeviceConsentParts,
  { device, offered }: OpenDecision,
  { signedIn, facts }: Question,
  { ticked, choices }: Verdict,
): NewGrant | undefined {
  if (ticked === undefined) return undefined
  const { client, principal, authTime } = signedIn
  const decided = decide(facts, offered, ticked)
  const { granted, filters } = limitRows(decided.granted, [], choices, client.legacy.openidActsAsAll)
  if (granted.length === 0) return undefined
  const sets = grantedSets(client, granted, facts.requested.sets)
  return {
    client: client.id,
    user: principal.user,
    kind: 'device',
    requested: facts.requested.named,
    granted,
    rejected: decided.rejected,
    doctypeIds: doctypeIdsOf(granted, doctypeOf),
    authTime,
    life: client.lifetimes.absolute,
    filters,
    sets: Object.keys(sets).length === 0 ? undefined : JSON.stringify(sets),
    resource: device.resource ?? undefined,
  }
}
