import type { Connection } from '@annex/database'
import { isNotClosed } from '../access/closings/closings-store.ts'
import { currentEpoch, hasNotLapsed } from '../grants/grants-store.ts'
import type { GrantRow, OAuthTables, TokenRow } from '../storage/oauth-tables.ts'

/** A token that may be shown: nothing of it opens anything. */
export type ShownToken = Pick<TokenRow, 'hash' | 'kind' | 'grant_id' | 'scope' | 'issued' | 'expires'>

/** The living grants of a client, the newest first, so many at most. */
export function listGrantsOfClient(connection: Connection, client: string, now: number, most: number): Promise<GrantRow[]> {
  return livingOf(connection, client, now).selectAll().orderBy('created', 'desc').limit(most).execute()
}

/** What the oldest living grants of a client hold and since when, so many at most. */
export function listOldestGrantsOfClient(
  connection: Connection,
  client: string,
  now: number,
  most: number,
): Promise<Pick<GrantRow, 'granted' | 'created'>[]> {
  return livingOf(connection, client, now).select(['granted', 'created']).orderBy('created').limit(most).execute()
}

/** Index oauth_grant_client_created, in either direction. */
const livingOf = (connection: Connection, client: string, now: number) =>
  connection
    .withTables<OAuthTables>()
    .selectFrom('oauth_grant')
    .where('client', '=', client)
    .where('revoked_at', 'is', null)
    .where('expires', '>', now)
    .where('epoch', '=', currentEpoch)
    .where(isNotClosed('oauth_grant'))
    .where(hasNotLapsed(now))

/** The tokens of grants that are good now, the newest first. */
export async function listLiveTokens(connection: Connection, grants: readonly string[], now: number): Promise<ShownToken[]> {
  if (grants.length === 0) return []
  const db = connection.withTables<OAuthTables>()
  // Index oauth_token_grant_id.
  const query = db
    .selectFrom('oauth_token')
    .select(['hash', 'kind', 'grant_id', 'scope', 'issued', 'expires'])
    .where('grant_id', 'in', grants)
  return query.where('expires', '>', now).where('used_at', 'is', null).orderBy('issued', 'desc').orderBy('hash').execute()
}

export interface TokenOwner {
  readonly grant: string
  readonly user: string
  readonly client: string
}

/** Whose a token is; undefined for one that is not here. */
export async function readOwner(connection: Connection, hash: string): Promise<TokenOwner | undefined> {
  const db = connection.withTables<OAuthTables>()
  // Primary keys.
  const query = db.selectFrom('oauth_token as token').innerJoin('oauth_grant as grant', 'grant.id', 'token.grant_id')
  return query.select(['grant.id as grant', 'grant.user', 'grant.client']).where('token.hash', '=', hash).executeTakeFirst()
}
