import { randomUUID } from 'node:crypto'
import type { Database } from '@annex/database'
import { signWebhook } from '@annex/protocol'
import type { Call, Courier, Message } from '../../webhooks/courier.ts'
import type { IdTokens } from '../keys/id-tokens.ts'
import { SECOND } from '../storage/durations.ts'
import { EVENT, LOGOUT, initiatorOf, type EventPayload, type LogoutPayload } from './app-messages.ts'
import type { EventSecrets } from './event-secrets.ts'
import { readReceivers, type AppReceivers } from './receivers-store.ts'

export interface AppCouriersParts {
  readonly database: Database
  readonly eventSecrets: Pick<EventSecrets, 'read'>
  readonly idTokens: Pick<IdTokens, 'issueLogout'>
  readonly issuer: () => string
  /** UTC microseconds. */
  readonly now: () => number
}

/** Carries what is told to apps; by kind of message, as the delivery worker takes them. */
export const appCouriers = (parts: AppCouriersParts): ReadonlyMap<string, Courier> =>
  new Map([
    [EVENT, { callFor: (message) => eventCall(parts, message) }],
    [LOGOUT, { callFor: (message) => logoutCall(parts, message) }],
  ])

/** @see Standard Webhooks 1.0 */
async function eventCall(parts: AppCouriersParts, { id, payload }: Message): Promise<Call | undefined> {
  const event = payload as unknown as EventPayload
  const url = addressOf(await readReceivers(parts.database.connection, event.client), 'eventUri', event.url)
  if (url === undefined) return undefined
  const secrets = await parts.eventSecrets.read(event.client)
  if (secrets.length === 0) throw new Error(`The app ${event.client} has no secret that its events could be signed with; make one`)
  const body = JSON.stringify(bodyOf(event, parts.issuer()))
  const signed = await signWebhook({ id, timestamp: Math.floor(parts.now() / SECOND), body }, secrets)
  return { url, headers: { 'content-type': 'application/json', ...signed }, body }
}

const bodyOf = ({ type, at, grant, sub, client, reason, scope }: EventPayload, issuer: string): object => ({
  type,
  timestamp: new Date(at / 1000).toISOString(),
  data: {
    iss: issuer,
    client_id: client,
    sub,
    grant,
    reason,
    ...(scope === undefined ? {} : { claims: { scope } }),
    initiating_entity: initiatorOf(reason),
    event_timestamp: Math.floor(at / SECOND),
  },
})

/** @see OpenID Connect Back-Channel Logout 1.0 section 2.5 */
async function logoutCall(parts: AppCouriersParts, { payload }: Message): Promise<Call | undefined> {
  const { client, url: then, sub, sid } = payload as unknown as LogoutPayload
  const receivers = await readReceivers(parts.database.connection, client)
  const url = addressOf(receivers, 'backchannelLogoutUri', then)
  if (url === undefined) return undefined
  const token = await parts.idTokens.issueLogout({
    issuer: parts.issuer(),
    client,
    sub,
    sid,
    // Each attempt is a token of its own: who saw one that he could not heed takes the next.
    jti: randomUUID(),
    now: Math.floor(parts.now() / SECOND),
    ...(receivers?.rs256 === true ? { alg: 'RS256' as const } : {}),
  })
  const body = new URLSearchParams({ logout_token: token }).toString()
  return { url, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body }
}

/** Where the app listens now; of one that has ended, where it did. Undefined when it wants to hear no more. */
function addressOf(now: AppReceivers | undefined, field: 'eventUri' | 'backchannelLogoutUri', then: string): string | undefined {
  return now === undefined || now.state === 'Retired' ? then : now[field]
}
