import type { Connection } from '@annex/database'
import { sql } from 'kysely'
import type { ClosingRow, OAuthTables } from '../storage/oauth-tables.ts'

/** A grant's place among those of its app, the oldest first. */
export interface Reached {
  readonly created: number
  readonly id: string
}

/** An app that was closed to some of its users, and how far their consents have been ended. */
export interface Closing {
  readonly id: string
  readonly client: string
  /** Whom it stayed open to. */
  readonly roles: readonly string[]
  readonly reached: Reached
  /** Who closed it, for the trail. */
  readonly by: string
}

export async function insertClosing(connection: Connection, { id, client, roles, reached, by }: Closing): Promise<void> {
  const row = { id, client, roles: JSON.stringify(roles), reached: reached.created, reached_id: reached.id, closed_by: by }
  await connection.withTables<OAuthTables>().insertInto('oauth_closing').values(row).execute()
}

/** Those that are not done: of one client, or of all. */
export async function listClosings(connection: Connection, client?: string): Promise<Closing[]> {
  // A scan of a table that is empty but for a minute after an app with many users was closed to some.
  const query = connection.withTables<OAuthTables>().selectFrom('oauth_closing').selectAll().orderBy('id')
  const rows = await (client === undefined ? query : query.where('client', '=', client)).execute()
  return rows.map(closingOf)
}

/** Notes how far a closing has come; nowhere further: it is done. Whether nobody else has gone on with it meanwhile. */
export async function moveClosing(connection: Connection, { id, reached }: Closing, next: Reached | undefined): Promise<boolean> {
  const db = connection.withTables<OAuthTables>()
  const isWhereItWas = sql<boolean>`id = ${id} and reached = ${reached.created} and reached_id = ${reached.id}`
  // Primary key.
  if (next === undefined) return (await db.deleteFrom('oauth_closing').where(isWhereItWas).executeTakeFirstOrThrow()).numDeletedRows > 0
  const query = db.updateTable('oauth_closing').set({ reached: next.created, reached_id: next.id })
  return (await query.where(isWhereItWas).executeTakeFirstOrThrow()).numUpdatedRows > 0
}

const closingOf = ({ id, client, roles, reached, reached_id, closed_by: by }: ClosingRow): Closing => ({
  id,
  client,
  roles: JSON.parse(roles) as string[],
  reached: { created: reached, id: reached_id },
  by,
})
