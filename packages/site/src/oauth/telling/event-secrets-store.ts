import type { Connection } from '@annex/database'
import type { EventSecretRow, TellingTables } from './telling-tables.ts'

export async function insertEventSecret(connection: Connection, row: EventSecretRow): Promise<void> {
  await connection.withTables<TellingTables>().insertInto('oauth_event_secret').values(row).execute()
}

/** Those that sign now, newest first. */
export async function listEventSecrets(connection: Connection, client: string, now: number): Promise<EventSecretRow[]> {
  const db = connection.withTables<TellingTables>()
  // Index oauth_event_secret_client_created.
  const query = db.selectFrom('oauth_event_secret').selectAll().where('client', '=', client)
  return query
    .where((where) => where.or([where('expires', 'is', null), where('expires', '>', now)]))
    .orderBy('created', 'desc')
    .orderBy('id')
    .execute()
}

/** Ends every secret of the client at that time, unless it ends sooner. */
export async function expireEventSecrets(connection: Connection, client: string, end: number): Promise<void> {
  const db = connection.withTables<TellingTables>()
  // Index oauth_event_secret_client_created.
  const query = db.updateTable('oauth_event_secret').set({ expires: end }).where('client', '=', client)
  await query.where((where) => where.or([where('expires', 'is', null), where('expires', '>', end)])).execute()
}

export async function removeEventSecret(connection: Connection, id: string): Promise<void> {
  // Primary key.
  await connection.withTables<TellingTables>().deleteFrom('oauth_event_secret').where('id', '=', id).execute()
}

/** Removes all of a client but one. */
export async function removeEventSecrets(connection: Connection, client: string, butId = ''): Promise<void> {
  const db = connection.withTables<TellingTables>()
  // Index oauth_event_secret_client_created.
  await db.deleteFrom('oauth_event_secret').where('client', '=', client).where('id', '!=', butId).execute()
}

/** Removes those that ended. */
export async function sweepEventSecrets(connection: Connection, now: number): Promise<void> {
  // A scan of a small table, once an hour.
  await connection.withTables<TellingTables>().deleteFrom('oauth_event_secret').where('expires', '<=', now).execute()
}
