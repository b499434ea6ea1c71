import type { Connection } from '@annex/database'
import { endOf } from '../access/closings/closings-store.ts'
import type { OAuthTables, TokenRow } from '../storage/oauth-tables.ts'

export interface AccessTokenRow extends Pick<TokenRow, 'hash' | 'client' | 'scope' | 'issued' | 'expires'> {
  readonly user: string
  readonly revoked_at: number | null
}

export interface AccessTokenFilter {
  readonly hash?: string
  readonly client?: string
  readonly user?: string
}

/** Access tokens, newest first, until they are swept out. */
export async function listAccessTokens(connection: Connection, filter: AccessTokenFilter): Promise<AccessTokenRow[]> {
  const db = connection.withTables<OAuthTables>()
  // Primary key of the token, or a scan: an administrator's list.
  let query = db
    .selectFrom('oauth_token as token')
    .innerJoin('oauth_grant as grant', 'grant.id', 'token.grant_id')
    .where('token.kind', '=', 'access')
  if (filter.hash !== undefined) query = query.where('token.hash', '=', filter.hash)
  if (filter.client !== undefined) query = query.where('token.client', '=', filter.client)
  if (filter.user !== undefined) query = query.where('grant.user', '=', filter.user)
  return query
    .select(['token.hash', 'token.client', 'token.scope', 'token.issued', 'token.expires', 'grant.user', endOf('grant').as('revoked_at')])
    .orderBy('token.issued', 'desc')
    .orderBy('token.hash')
    .execute()
}
