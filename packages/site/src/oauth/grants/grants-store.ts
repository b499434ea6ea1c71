import { keptQuery, type Connection } from '@annex/database'
import { sql, type Expression, type ExpressionBuilder, type SqlBool } from 'kysely'
import { isNotClosed } from '../access/closings/closings-store.ts'
import type { GrantRow, OAuthTables } from '../storage/oauth-tables.ts'

/** Grants of an earlier epoch are dead. Primary key. */
export const currentEpoch = sql<number>`(select epoch from oauth_state where id = 1)`

/**
 * Whether the grant of a token is good still: one judgement for whoever asks about tokens, in a statement that knows the grant as
 * `grant` and its app as `client`. An app's own token acts as the user that the app has now, whatever was under way while another
 * was named. Without parameters.
 */
export const isLivingGrant = sql<SqlBool>`(
  ${sql.ref('grant.revoked_at')} is null
  and ${sql.ref('grant.epoch')} = ${currentEpoch}
  and ${sql.ref('client.enabled')} = 1
  and (
    ${sql.ref('grant.kind')} is null
    or ${sql.ref('grant.kind')} <> 'service'
    or ${sql.ref('client.service_user')} = ${sql.ref('grant.user')}
  )
  and ${isNotClosed('grant')}
)`

export async function insertGrant(connection: Connection, grant: Omit<GrantRow, 'epoch'>): Promise<void> {
  await connection
    .withTables<OAuthTables>()
    .insertInto('oauth_grant')
    .values({ ...grant, epoch: currentEpoch })
    .execute()
}

/** Whether anything came of a grant, or still can: of one whose code, or device code, ran out unused nothing ever will. */
export const hasNotLapsed =
  (now: number) =>
  (where: ExpressionBuilder<OAuthTables, 'oauth_grant'>): Expression<SqlBool> => {
    // Index oauth_code_grant_id.
    const code = where.selectFrom('oauth_code').select('oauth_code.hash').whereRef('oauth_code.grant_id', '=', 'oauth_grant.id')
    // Index oauth_device_grant_id.
    const device = where.selectFrom('oauth_device').select('oauth_device.hash').whereRef('oauth_device.grant_id', '=', 'oauth_grant.id')
    const lapsed = [
      where.exists(code.where('oauth_code.used_at', 'is', null).where('oauth_code.expires', '<=', now)),
      where.exists(device.where('oauth_device.state', '=', 'allowed').where('oauth_device.expires', '<=', now)),
    ]
    return where.not(where.or(lapsed))
  }

/** The living grants of a user, of one client or of all, newest first. */
export async function listGrants(connection: Connection, user: string, now: number, client?: string): Promise<GrantRow[]> {
  // Index oauth_grant_user_client.
  let query = connection.withTables<OAuthTables>().selectFrom('oauth_grant').selectAll().where('user', '=', user)
  if (client !== undefined) query = query.where('client', '=', client)
  return query
    .where('revoked_at', 'is', null)
    .where('expires', '>', now)
    .where('epoch', '=', currentEpoch)
    .where(isNotClosed('oauth_grant'))
    .where(hasNotLapsed(now))
    .orderBy('created', 'desc')
    .orderBy('id')
    .execute()
}

/** The newest living grant of an app's own tokens, when it lives until then. */
export async function readServiceGrant(
  connection: Connection,
  { user, client }: { readonly user: string; readonly client: string },
  until: number,
): Promise<GrantRow | undefined> {
  const [row] = await serviceGrant(connection, { user, client, until })
  return row
}

// Index oauth_grant_user_client.
const serviceGrant = keptQuery<{ user: string; client: string; until: number }, GrantRow>((connection, { user, client, until }) =>
  connection
    .withTables<OAuthTables>()
    .selectFrom('oauth_grant')
    .selectAll()
    .where('user', '=', user)
    .where('client', '=', client)
    .where('kind', '=', 'service')
    .where('revoked_at', 'is', null)
    .where('expires', '>', until)
    .where('epoch', '=', currentEpoch)
    .where(isNotClosed('oauth_grant'))
    .orderBy('created', 'desc')
    .orderBy('id')
    .limit(1),
)

/** The living grants of a client. */
export async function listClientGrants(connection: Connection, client: string, now: number): Promise<GrantRow[]> {
  // Index oauth_grant_client.
  const query = connection.withTables<OAuthTables>().selectFrom('oauth_grant').selectAll().where('client', '=', client)
  return query
    .where('revoked_at', 'is', null)
    .where('expires', '>', now)
    .where('epoch', '=', currentEpoch)
    .where(isNotClosed('oauth_grant'))
    .where(hasNotLapsed(now))
    .execute()
}

/** A grant, living or not. */
export async function readGrant(connection: Connection, id: string): Promise<GrantRow | undefined> {
  const [row] = await grantById(connection, { id })
  return row
}

// Primary key.
const grantById = keptQuery<{ id: string }, GrantRow>((connection, { id }) =>
  connection.withTables<OAuthTables>().selectFrom('oauth_grant').selectAll().where('id', '=', id),
)

/**
 * The grant when it lives, locked until the transaction ends: every change of a grant's codes and
 * tokens begins here, so no two run at once and none runs beside a revocation.
 */
export async function lockGrant(connection: Connection, id: string, now: number): Promise<GrantRow | undefined> {
  const [row] = await lockLiving(connection, { id, now })
  return row
}

// Primary key. An update locks the row on either engine.
const lockLiving = keptQuery<{ id: string; now: number }, GrantRow>((connection, { id, now }) =>
  connection
    .withTables<OAuthTables>()
    .updateTable('oauth_grant')
    .set({ last_used: now })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .where('expires', '>', now)
    .where('epoch', '=', currentEpoch)
    .where(isNotClosed('oauth_grant'))
    .returningAll(),
)

export type RevokedGrant = Pick<GrantRow, 'id' | 'user' | 'client' | 'session' | 'kind' | 'created'>

/** Which grants a revocation ends: few. */
export type GrantChoice =
  | { readonly id: string }
  | { readonly ids: readonly string[] }
  /** What an app may do for itself as one user. */
  | { readonly user: string; readonly client: string; readonly kind: 'service' }

/** Ends grants: one statement, and every code and token of them is dead. Those that were alive come back. */
export async function revokeGrants(connection: Connection, choice: GrantChoice, reason: string, now: number): Promise<RevokedGrant[]> {
  if ('ids' in choice && choice.ids.length === 0) return []
  let query = connection
    .withTables<OAuthTables>()
    .updateTable('oauth_grant')
    .set({ revoked_at: now, reason })
    .where('revoked_at', 'is', null)
  // Primary key, or index oauth_grant_user_client.
  if ('id' in choice) query = query.where('id', '=', choice.id)
  if ('ids' in choice) query = query.where('id', 'in', choice.ids)
  if ('kind' in choice) query = query.where('user', '=', choice.user).where('client', '=', choice.client).where('kind', '=', choice.kind)
  return query.returning(['id', 'user', 'client', 'session', 'kind', 'created']).execute()
}

/** Moves `last_used` of grants forward. */
export async function noteGrantUses(connection: Connection, uses: Iterable<readonly [grant: string, time: number]>): Promise<void> {
  const db = connection.withTables<OAuthTables>()
  // Primary key.
  for (const [id, time] of uses)
    await db.updateTable('oauth_grant').set({ last_used: time }).where('id', '=', id).where('last_used', '<', time).execute()
}

/** When each client was last used by anybody (microseconds). */
export async function listClientUses(connection: Connection): Promise<Map<string, number>> {
  const db = connection.withTables<OAuthTables>()
  // Index oauth_grant_client.
  const rows = await db
    .selectFrom('oauth_grant')
    .select((grant) => ['client', grant.fn.max('last_used').as('last_used')])
    .groupBy('client')
    .execute()
  return new Map(rows.map((row) => [row.client, row.last_used]))
}
