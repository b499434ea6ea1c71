import type { Connection } from '@annex/database'
import type { OAuthTables, TokenRow } from '../oauth-tables.ts'

export async function insertTokens(connection: Connection, tokens: readonly TokenRow[]): Promise<void> {
  await connection.withTables<OAuthTables>().insertInto('oauth_token').values([...tokens]).execute()
}

export async function readToken(connection: Connection, hash: string): Promise<TokenRow | undefined> {
  // Primary key.
  return connection.withTables<OAuthTables>().selectFrom('oauth_token').selectAll().where('hash', '=', hash).executeTakeFirst()
}

/** Marks a refresh token as exchanged. Of any number of callers one gets true. */
export async function consumeRefreshToken(connection: Connection, hash: string, successor: string, now: number): Promise<boolean> {
  // Primary key.
  const query = connection.withTables<OAuthTables>().updateTable('oauth_token').set({ used_at: now, successor }).where('hash', '=', hash)
  const row = await query.where('kind', '=', 'refresh').where('used_at', 'is', null).where('expires', '>', now).returning('hash').executeTakeFirst()
  return row !== undefined
}

/** Ends one token and leaves its grant alive. */
export async function endToken(connection: Connection, hash: string, now: number): Promise<void> {
  // Primary key.
  await connection.withTables<OAuthTables>().updateTable('oauth_token').set({ expires: now }).where('hash', '=', hash).where('expires', '>', now).execute()
}
