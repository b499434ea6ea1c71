import type { Connection } from '@annex/database'
import type { OAuthTables } from '../storage/oauth-tables.ts'

/** Named as `tableName` of the room doctypes names them. */
type Tables = OAuthTables & {
  'tabOAuth Client': {
    name: string
    app_name: string
    creation: number
    state: string | null
    dynamically_registered: number
    event_uri: string | null
  }
}

/** The names of the apps that people registered and that are not over. */
export async function listKnownNames(connection: Connection): Promise<string[]> {
  const db = connection.withTables<Tables>()
  // A scan: apps are few, and programs register seldom.
  const query = db.selectFrom('tabOAuth Client').select('app_name').where('dynamically_registered', '=', 0)
  const rows = await query.where((where) => where.or([where('state', 'is', null), where('state', '!=', 'Retired')])).execute()
  return rows.map((row) => row.app_name)
}

/** Programs that registered themselves and that somebody gave an event address since. */
export async function listListeningRegistrations(connection: Connection): Promise<string[]> {
  const db = connection.withTables<Tables>()
  // A scan, when the policy changes.
  const query = db.selectFrom('tabOAuth Client').select('name').where('dynamically_registered', '=', 1)
  const rows = await query.where('event_uri', 'is not', null).where('event_uri', '!=', '').execute()
  return rows.map(({ name }) => name)
}

/**
 * Programs that registered themselves before a time and that nobody has used since then, or since another; those that a manager ended
 * are left.
 */
export async function listUnusedRegistrations(
  connection: Connection,
  { before, since = before }: { readonly before: number; readonly since?: number },
  limit: number,
  offset = 0,
): Promise<string[]> {
  const db = connection.withTables<Tables>()
  // A scan, once an hour and at a registration; index oauth_grant_client for each of them.
  const query = db
    .selectFrom('tabOAuth Client as client')
    .select('client.name')
    .where('client.dynamically_registered', '=', 1)
    .where('client.state', 'in', ['Active', 'Pending'])
    .where('client.creation', '<', before)
    .where((where) => {
      const used = where.selectFrom('oauth_grant').select('oauth_grant.id').whereRef('oauth_grant.client', '=', 'client.name')
      return where.not(where.exists(used.where('oauth_grant.last_used', '>=', since)))
    })
  const rows = await query.orderBy('client.creation').limit(limit).offset(offset).execute()
  return rows.map((row) => row.name)
}
