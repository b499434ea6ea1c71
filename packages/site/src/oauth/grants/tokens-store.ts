import { keptInsert, keptQuery, type Connection } from '@annex/database'
import type { GrantRow, OAuthTables, TokenRow } from '../storage/oauth-tables.ts'
import { isLivingGrant } from './grants-store.ts'

export const insertTokens = keptInsert<TokenRow>('oauth_token', [
  'hash',
  'kind',
  'grant_id',
  'client',
  'scope',
  'resource',
  'issued',
  'expires',
  'used_at',
  'successor',
])

export async function readToken(connection: Connection, hash: string): Promise<TokenRow | undefined> {
  // Primary key, an index beside the table: oauth_token_pkey, on SQLite sqlite_autoindex_oauth_token_1.
  return connection.withTables<OAuthTables>().selectFrom('oauth_token').selectAll().where('hash', '=', hash).executeTakeFirst()
}

/** The grant that a client's refresh token belongs to, and its user; both stay the same for as long as the token is there. */
export async function readTokenGrant(
  connection: Connection,
  hash: string,
  client: string,
): Promise<{ id: string; user: string } | undefined> {
  const [row] = await tokenGrant(connection, { hash, client })
  return row
}

// Primary keys; that of oauth_token is an index beside the table: oauth_token_pkey, on SQLite sqlite_autoindex_oauth_token_1.
const tokenGrant = keptQuery<{ hash: string; client: string }, { id: string; user: string }>((connection, { hash, client }) =>
  connection
    .withTables<OAuthTables>()
    .selectFrom('oauth_token as token')
    .innerJoin('oauth_grant as grant', 'grant.id', 'token.grant_id')
    .select(['grant.id', 'grant.user'])
    .where('token.hash', '=', hash)
    .where('token.kind', '=', 'refresh')
    .where('token.client', '=', client),
)

/** The use of a refresh token of a grant: what takes its place, and when. */
export interface RefreshUse {
  readonly hash: string
  readonly grant: string
  /** The hash of the next one. */
  readonly successor: string
  readonly now: number
}

/** Marks a refresh token as exchanged. Of any number of callers one gets true. */
export const consumeRefreshToken = async (connection: Connection, use: RefreshUse): Promise<boolean> =>
  (await consumeRefresh(connection, use)).length > 0

// Primary key, an index beside the table: oauth_token_pkey, on SQLite sqlite_autoindex_oauth_token_1.
const consumeRefresh = keptQuery<RefreshUse, { hash: string }>((connection, { hash, grant, successor, now }) =>
  connection
    .withTables<OAuthTables>()
    .updateTable('oauth_token')
    .set({ used_at: now, successor })
    .where('hash', '=', hash)
    .where('grant_id', '=', grant)
    .where('kind', '=', 'refresh')
    .where('used_at', 'is', null)
    .where('expires', '>', now)
    .returning('hash'),
)

/** Ends one token and leaves its grant alive. */
export async function endToken(connection: Connection, hash: string, now: number): Promise<void> {
  // Primary key, an index beside the table: oauth_token_pkey, on SQLite sqlite_autoindex_oauth_token_1.
  await connection
    .withTables<OAuthTables>()
    .updateTable('oauth_token')
    .set({ expires: now })
    .where('hash', '=', hash)
    .where('expires', '>', now)
    .execute()
}

export type LiveToken = Pick<TokenRow, 'kind' | 'client' | 'scope' | 'resource' | 'issued' | 'expires'> & {
  readonly user: string
  readonly filters: GrantRow['filters']
  readonly details: GrantRow['details']
  readonly kindOfGrant: GrantRow['kind']
}

/** A token that is good: neither expired nor used, its grant and its app alive. */
export async function readLiveToken(connection: Connection, hash: string, now: number): Promise<LiveToken | undefined> {
  const [row] = await liveToken(connection, { hash, now })
  return row
}

// Primary keys; that of oauth_token is an index beside the table: oauth_token_pkey, on SQLite sqlite_autoindex_oauth_token_1.
const liveToken = keptQuery<{ hash: string; now: number }, LiveToken>((connection, { hash, now }) =>
  connection
    .withTables<OAuthTables & { 'tabOAuth Client': { name: string } }>()
    .selectFrom('oauth_token as token')
    .innerJoin('oauth_grant as grant', 'grant.id', 'token.grant_id')
    .innerJoin('tabOAuth Client as client', 'client.name', 'token.client')
    .select([
      'token.kind',
      'token.client',
      'token.scope',
      'token.resource',
      'token.issued',
      'token.expires',
      'grant.user',
      'grant.filters',
      'grant.details',
      'grant.kind as kindOfGrant',
    ])
    .where('token.hash', '=', hash)
    .where('token.expires', '>', now)
    .where('token.used_at', 'is', null)
    .where(isLivingGrant),
)
