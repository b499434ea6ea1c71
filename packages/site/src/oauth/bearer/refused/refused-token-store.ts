import { keptQuery } from '@annex/database'
import { sql } from 'kysely'
import { endOf } from '../../access/closings/closings-store.ts'
import { currentEpoch } from '../../grants/grants-store.ts'
import type { OAuthTables } from '../../storage/oauth-tables.ts'

/** A token that a call was refused by, good or not. What is null of the app: it is gone. */
export interface RefusedToken {
  readonly client: string
  readonly grant: string
  readonly user: string
  readonly expires: number
  readonly kind: string | null
  readonly revoked_at: number | null
  readonly epoch: number
  readonly epoch_now: number
  readonly enabled: number | null
  readonly state: string | null
  readonly service_user: string | null
}

type Tables = OAuthTables & {
  'tabOAuth Client': { name: string; enabled: number; state: string | null; service_user: string | null }
}

/** Reads all that makes an access token good or not. One statement, whose text is kept: nobody's flood may cost more. */
export const readRefusedToken = keptQuery<{ readonly hash: string }, RefusedToken>((connection, { hash }) =>
  connection
    .withTables<Tables>()
    // Primary keys; that of oauth_token is an index beside the table: oauth_token_pkey, on SQLite sqlite_autoindex_oauth_token_1.
    .selectFrom('oauth_token as token')
    .innerJoin('oauth_grant as grant', 'grant.id', 'token.grant_id')
    .leftJoin('tabOAuth Client as client', 'client.name', 'token.client')
    .select([
      'token.client',
      'grant.id as grant',
      'grant.user',
      'token.expires',
      'grant.kind',
      endOf('grant').as('revoked_at'),
      'grant.epoch',
      currentEpoch.as('epoch_now'),
      'client.enabled',
      'client.state',
      'client.service_user',
    ])
    .where('token.hash', '=', hash)
    .where('token.kind', '=', sql.lit('access')),
)
