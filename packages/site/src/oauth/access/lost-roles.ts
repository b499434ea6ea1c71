import { randomUUID } from 'node:crypto'
import type { Connection } from '@annex/database'
import { invalid } from '@annex/protocol'
import { isOpenTo, type Client } from '../clients/client.ts'
import { readClient } from '../clients/clients-store.ts'
import type { Grants } from '../grants/grants.ts'
import { listGrants } from '../grants/grants-store.ts'
import type { GrantRow } from '../storage/oauth-tables.ts'
import { START } from './closings/begin-closing.ts'
import { insertClosing, listClosings, type Closing, type Reached } from './closings/closings-store.ts'
import { AT_ONCE, nextConsents, type Span } from './closings/turns-store.ts'

export interface LostRolesParts {
  readonly grants: Pick<Grants, 'revokeWithin'>
  /** UTC microseconds. */
  readonly now: () => number
}

/** Why a grant ended: its app is open to none of the roles of its user. */
const LEFT_OUT = 'role_lost'

/** What an app is allowed by others than itself: that it acts as its service user hangs on no role. */
const isConsent = ({ kind }: GrantRow): boolean => kind !== 'service'

/**
 * Ends, in the transaction that takes roles from a user, what they allowed apps which are open to none of those left: their apps hear of it.
 * What takes roles in another way (a role is disabled) ends nothing, and is refused at each use while it lasts.
 */
export async function endForUser(
  connection: Connection,
  user: string,
  roles: ReadonlySet<string>,
  { grants, now }: LostRolesParts,
): Promise<void> {
  const living = (await listGrants(connection, user, now())).filter(isConsent)
  const clients = new Map<string, Client | undefined>()
  for (const id of new Set(living.map(({ client }) => client))) clients.set(id, await readClient(connection, id))
  for (const { id, client } of living) {
    const app = clients.get(client)
    if (app && !isOpenTo(app, roles)) await grants.revokeWithin(connection, { id }, LEFT_OUT)
  }
}

/** The roles that an app is open to; undefined when it asks for none. */
export type Openness = readonly string[] | undefined

/** Whether an app that is open to the others is open to everybody with these roles. */
export const isWithin = (roles: Openness, others: Openness): boolean =>
  others === undefined || roles?.every((role) => others.includes(role)) === true

/** The roles of a user; undefined for one who is gone or disabled. */
type RolesOf = (user: string) => Promise<ReadonlySet<string> | undefined>

/** An app that is closed, and the roles that it stays open to. */
interface Closed {
  readonly client: string
  readonly roles: readonly string[]
}

/**
 * Ends the consents of users to whom an app is closed by the caller's transaction: those among its oldest forty in it, and the rest by
 * `Closings`.
 * All are refused from the commit on, in every process, as the app's own row says whom it is open to.
 *
 * @param by - who closes it
 */
export async function endForClient(
  connection: Connection,
  { by, ...closed }: Closed & { readonly by: string },
  rolesOf: RolesOf,
  { grants, now }: LostRolesParts,
): Promise<void> {
  const { ids, next } = await judgeConsents(connection, { ...closed, span: { after: START, most: AT_ONCE } }, rolesOf, now())
  await grants.revokeWithin(connection, { ids }, LEFT_OUT)
  if (next) await insertClosing(connection, { ...closed, id: randomUUID(), closedAt: undefined, reason: LEFT_OUT, reached: next, by })
}

/**
 * Which of an app's next consents are of users whom a closing leaves out, and where those after them begin; undefined when there are none.
 */
export async function judgeConsents(
  connection: Connection,
  { client, roles: allowedRoles, span }: Closed & { readonly span: Span },
  rolesOf: RolesOf,
  now: number,
): Promise<{ readonly ids: readonly string[]; readonly next: Reached | undefined }> {
  const { grants, next } = await nextConsents(connection, client, span, now)
  const ids: string[] = []
  for (const { id, user } of grants) {
    const roles = await rolesOf(user)
    if (roles && !isOpenTo({ authorizationPolicy: 'Roles', allowedRoles }, roles)) ids.push(id)
  }
  return { ids, next }
}

/**
 * Refuses to open an app to more users while the consents of those to whom it was closed are still being ended: they would be good again
 * until their turn comes.
 *
 * @throws {FrappeError} `ValidationError`
 */
export async function refuseReopening(connection: Connection, client: string, openTo: Openness): Promise<void> {
  const isWider = (closing: Closing): boolean =>
    closing.client === client && closing.roles !== undefined && !isWithin(openTo, closing.roles)
  if ((await listClosings(connection)).some(isWider))
    throw invalid('The consents of users to whom this app was closed are still being ended; open it to others in a minute')
}
