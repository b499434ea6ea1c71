import { Generation, keptQuery } from '@annex/database'
import { sql } from 'kysely'
import { isLivingGrant } from '../grants/grants-store.ts'
import type { OAuthTables } from '../storage/oauth-tables.ts'

/** All that judging an access token needs. */
export interface BearerRow {
  readonly grant_id: string
  readonly client: string
  readonly scope: string
  readonly resource: string | null
  readonly user: string
  readonly grant_kind: string | null
  readonly doctype_ids: string
  /** JSON; null = none. */
  readonly filters: string | null
  /** JSON; null and empty = none. */
  readonly row_filters: string | null
  readonly unfenced: number
  /** Addresses that the client's tokens are good from, one a line; empty = any. */
  readonly ip_ranges: string | null
  readonly openid_acts_as_all: number
  /** Origins whose scripts may show its tokens, one a line. */
  readonly allowed_origins: string | null
  readonly requests_per_second: number
  readonly concurrent_requests: number
  readonly generation: number
}

type Tables = OAuthTables & {
  'tabOAuth Client': {
    name: string
    unfenced: number
    row_filters: string | null
    ip_ranges: string | null
    openid_acts_as_all: number
    allowed_origins: string | null
    requests_per_second: number
    concurrent_requests: number
  }
}

/**
 * Reads an access token that is good: not expired, its grant alive and of this epoch, its client enabled.
 * That its user is enabled follows from the generation, which the change of a user moves.
 *
 * One statement, whose text is kept: this stands on the path of every request of an app.
 */
export const readBearer = keptQuery<{ readonly hash: string; readonly now: number }, BearerRow>((connection, { hash, now }) =>
  connection
    .withTables<Tables>()
    // Primary keys; that of oauth_token is an index beside the table: oauth_token_pkey, on SQLite sqlite_autoindex_oauth_token_1.
    .selectFrom('oauth_token as token')
    .innerJoin('oauth_grant as grant', 'grant.id', 'token.grant_id')
    .innerJoin('tabOAuth Client as client', 'client.name', 'token.client')
    .select([
      'token.grant_id',
      'token.client',
      'token.scope',
      'token.resource',
      'grant.user',
      'grant.kind as grant_kind',
      'grant.doctype_ids',
      'grant.filters',
      'client.row_filters',
      'client.unfenced',
      'client.ip_ranges',
      'client.openid_acts_as_all',
      'client.allowed_origins',
      'client.requests_per_second',
      'client.concurrent_requests',
      Generation.expression.as('generation'),
    ])
    .where('token.hash', '=', hash)
    .where('token.expires', '>', now)
    .where('token.kind', '=', sql.lit('access'))
    .where(isLivingGrant),
)
