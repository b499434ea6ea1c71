import { Generation, keptInsert, keptQuery, type Connection } from '@annex/database'
import { sql } from 'kysely'
import type { GrantRow, OAuthTables, TokenRow } from '../storage/oauth-tables.ts'
import { isNotClosed } from '../access/closings/closings-store.ts'
import { currentEpoch, isLivingGrant } from './grants-store.ts'

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

/** A token of a grant that is alive until then, in one statement. Whether there is such a grant: else nothing is written. */
export const insertTokenOf = async (connection: Connection, token: TokenRow, until: number): Promise<boolean> =>
  (await insertLiving(connection, { ...token, until })).length > 0

// Primary key of oauth_grant. PostgreSQL takes a value that is selected for text, unless it is told.
const insertLiving = keptQuery<TokenRow & { until: number }, { hash: string }>((connection, values) =>
  connection
    .withTables<OAuthTables>()
    .insertInto('oauth_token')
    .columns(['hash', 'kind', 'grant_id', 'client', 'scope', 'resource', 'issued', 'expires'])
    .expression((query) =>
      query
        .selectFrom('oauth_grant')
        .select([
          sql<string>`${values.hash}`.as('hash'),
          sql<TokenRow['kind']>`${values.kind}`.as('kind'),
          'id',
          'client',
          sql<string>`${values.scope}`.as('scope'),
          sql<string | null>`${values.resource}`.as('resource'),
          sql<number>`cast(${values.issued} as bigint)`.as('issued'),
          sql<number>`cast(${values.expires} as bigint)`.as('token_expires'),
        ])
        .where('id', '=', values.grant_id)
        .where('revoked_at', 'is', null)
        .where('expires', '>', values.until)
        .where('epoch', '=', currentEpoch)
        .where(isNotClosed('oauth_grant')),
    )
    .returning('hash'),
)

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
  readonly doctype_ids: GrantRow['doctype_ids']
  readonly filters: GrantRow['filters']
  readonly details: GrantRow['details']
  readonly kindOfGrant: GrantRow['kind']
  readonly generation: number
} & AccountColumns

/** What may be said of the user, and moves no generation when it changes: what was made of a row like this one is as new as these. */
interface AccountColumns {
  readonly sub: string | null
  readonly full_name: string | null
  readonly first_name: string | null
  readonly last_name: string | null
  readonly user_image: string | null
}

type LiveTables = OAuthTables & { 'tabOAuth Client': { name: string }; account: AccountColumns & { user: string } }

/** A token that is good: neither expired nor used, its grant and its app alive. */
export async function readLiveToken(connection: Connection, hash: string, now: number): Promise<LiveToken | undefined> {
  const [row] = await liveToken(connection, { hash, now })
  return row
}

// Primary keys; that of oauth_token is an index beside the table: oauth_token_pkey, on SQLite sqlite_autoindex_oauth_token_1.
const liveToken = keptQuery<{ hash: string; now: number }, LiveToken>((connection, { hash, now }) =>
  connection
    .withTables<LiveTables>()
    .selectFrom('oauth_token as token')
    .innerJoin('oauth_grant as grant', 'grant.id', 'token.grant_id')
    .innerJoin('tabOAuth Client as client', 'client.name', 'token.client')
    .leftJoin('account', 'account.user', 'grant.user')
    .select([
      'token.kind',
      'token.client',
      'token.scope',
      'token.resource',
      'token.issued',
      'token.expires',
      'grant.user',
      'grant.doctype_ids',
      'grant.filters',
      'grant.details',
      'grant.kind as kindOfGrant',
      'account.sub',
      'account.full_name',
      'account.first_name',
      'account.last_name',
      'account.user_image',
      Generation.expression.as('generation'),
    ])
    .where('token.hash', '=', hash)
    .where('token.expires', '>', now)
    .where('token.used_at', 'is', null)
    .where(isLivingGrant),
)
