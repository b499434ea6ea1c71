import type { Connection } from '@annex/database'
import { sql } from 'kysely'
import type { GrantRow, OAuthTables } from '../storage/oauth-tables.ts'

/** Grants of an earlier epoch are dead. Primary key. */
export const currentEpoch = sql<number>`(select epoch from oauth_state where id = 1)`

export async function insertGrant(connection: Connection, grant: Omit<GrantRow, 'epoch'>): Promise<void> {
  await connection
    .withTables<OAuthTables>()
    .insertInto('oauth_grant')
    .values({ ...grant, epoch: currentEpoch })
    .execute()
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
    .orderBy('created', 'desc')
    .orderBy('id')
    .execute()
}

/** A grant, living or not. */
export async function readGrant(connection: Connection, id: string): Promise<GrantRow | undefined> {
  // Primary key.
  return connection.withTables<OAuthTables>().selectFrom('oauth_grant').selectAll().where('id', '=', id).executeTakeFirst()
}

/**
 * The grant when it lives, locked until the transaction ends: every change of a grant's codes and
 * tokens begins here, so no two run at once and none runs beside a revocation.
 */
export async function lockGrant(connection: Connection, id: string, now: number): Promise<GrantRow | undefined> {
  const db = connection.withTables<OAuthTables>()
  // Primary key. An update locks the row on either engine.
  const query = db
    .updateTable('oauth_grant')
    .set({ last_used: now })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .where('expires', '>', now)
  return query.where('epoch', '=', currentEpoch).returningAll().executeTakeFirst()
}

export interface RevokedGrant {
  readonly id: string
  readonly user: string
  readonly client: string
}

/** Which grants a revocation ends. */
export type GrantChoice = { readonly id: string } | { readonly user: string; readonly client?: string } | { readonly client: string }

/** Ends grants: one statement, and every code and token of them is dead. Those that were alive come back. */
export async function revokeGrants(connection: Connection, choice: GrantChoice, reason: string, now: number): Promise<RevokedGrant[]> {
  let query = connection
    .withTables<OAuthTables>()
    .updateTable('oauth_grant')
    .set({ revoked_at: now, reason })
    .where('revoked_at', 'is', null)
  // Primary key, index oauth_grant_user_client or index oauth_grant_client.
  if ('id' in choice) query = query.where('id', '=', choice.id)
  if ('user' in choice) query = query.where('user', '=', choice.user)
  if ('client' in choice && choice.client !== undefined) query = query.where('client', '=', choice.client)
  return query.returning(['id', 'user', 'client']).execute()
}

/** Moves `last_used` of grants forward. */
export async function noteGrantUses(connection: Connection, uses: ReadonlyMap<string, number>): Promise<void> {
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
