import { Generation, type Connection } from '@annex/database'
import { sql, type CompiledQuery } from 'kysely'
import { currentEpoch } from '../grants/grants-store.ts'
import type { OAuthTables } from '../storage/oauth-tables.ts'

/** All that judging an access token needs. */
export interface BearerRow {
  readonly grant_id: string
  readonly client: string
  readonly scope: string
  readonly user: string
  readonly doctype_ids: string
  readonly unfenced: number
  readonly generation: number
}

type Tables = OAuthTables & {
  'tabOAuth Client': { name: string; enabled: number; unfenced: number }
}

/**
 * Reads an access token that is good: not expired, its grant alive and of this epoch, its client enabled.
 * That its user is enabled follows from the generation, which the change of a user moves.
 *
 * One statement, compiled once: this stands on the path of every request of an app.
 */
export function bearerReader(connection: Connection): (hash: string, now: number) => Promise<BearerRow | undefined> {
  const db = connection.withTables<Tables>()
  const compiled = db
    // Primary keys of all three tables.
    .selectFrom('oauth_token as token')
    .innerJoin('oauth_grant as grant', 'grant.id', 'token.grant_id')
    .innerJoin('tabOAuth Client as client', 'client.name', 'token.client')
    .select([
      'token.grant_id',
      'token.client',
      'token.scope',
      'grant.user',
      'grant.doctype_ids',
      'client.unfenced',
      Generation.expression.as('generation'),
    ])
    .where('token.hash', '=', '')
    .where('token.expires', '>', 0)
    .where('token.kind', '=', sql.lit('access'))
    .where('grant.revoked_at', 'is', null)
    .where('grant.epoch', '=', currentEpoch)
    .where('client.enabled', '=', sql.lit(1))
    .compile()
  return async (hash, now) => {
    const query: CompiledQuery<BearerRow> = { ...compiled, parameters: [hash, now] }
    const { rows } = await connection.executeQuery(query)
    return rows[0]
  }
}
