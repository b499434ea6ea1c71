import type { Connection } from '@annex/database'
import type { OAuthTables, TokenRow } from '../storage/oauth-tables.ts'
import { currentEpoch } from './grants-store.ts'

export async function insertTokens(connection: Connection, tokens: readonly TokenRow[]): Promise<void> {
  await connection
    .withTables<OAuthTables>()
    .insertInto('oauth_token')
    .values([...tokens])
    .execute()
}

export async function readToken(connection: Connection, hash: string): Promise<TokenRow | undefined> {
  // Primary key.
  return connection.withTables<OAuthTables>().selectFrom('oauth_token').selectAll().where('hash', '=', hash).executeTakeFirst()
}

/** The user of the grant that a client's refresh token belongs to. */
export async function readTokenGrant(connection: Connection, hash: string, client: string): Promise<{ user: string } | undefined> {
  const db = connection.withTables<OAuthTables>()
  // Primary keys.
  const query = db.selectFrom('oauth_token as token').innerJoin('oauth_grant as grant', 'grant.id', 'token.grant_id').select('grant.user')
  return query.where('token.hash', '=', hash).where('token.kind', '=', 'refresh').where('token.client', '=', client).executeTakeFirst()
}

/** Marks a refresh token as exchanged. Of any number of callers one gets true. */
export async function consumeRefreshToken(connection: Connection, hash: string, successor: string, now: number): Promise<boolean> {
  // Primary key.
  const query = connection.withTables<OAuthTables>().updateTable('oauth_token').set({ used_at: now, successor }).where('hash', '=', hash)
  const row = await query
    .where('kind', '=', 'refresh')
    .where('used_at', 'is', null)
    .where('expires', '>', now)
    .returning('hash')
    .executeTakeFirst()
  return row !== undefined
}

/** Ends one token and leaves its grant alive. */
export async function endToken(connection: Connection, hash: string, now: number): Promise<void> {
  // Primary key.
  await connection
    .withTables<OAuthTables>()
    .updateTable('oauth_token')
    .set({ expires: now })
    .where('hash', '=', hash)
    .where('expires', '>', now)
    .execute()
}

export type LiveToken = Pick<TokenRow, 'kind' | 'client' | 'scope' | 'issued' | 'expires'> & { readonly user: string }

/** A token that is good: neither expired nor used, its grant alive and of this epoch. */
export async function readLiveToken(connection: Connection, hash: string, now: number): Promise<LiveToken | undefined> {
  const db = connection.withTables<OAuthTables>()
  // Primary keys.
  return db
    .selectFrom('oauth_token as token')
    .innerJoin('oauth_grant as grant', 'grant.id', 'token.grant_id')
    .select(['token.kind', 'token.client', 'token.scope', 'token.issued', 'token.expires', 'grant.user'])
    .where('token.hash', '=', hash)
    .where('token.expires', '>', now)
    .where('token.used_at', 'is', null)
    .where('grant.revoked_at', 'is', null)
    .where('grant.epoch', '=', currentEpoch)
    .executeTakeFirst()
}
