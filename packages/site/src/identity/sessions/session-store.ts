import { Generation, type Connection } from '@annex/database'

export type SessionRow = {
  hash: string
  user: string
  /** All times are UTC microseconds. */
  created: number
  last_seen: number
  expires: number
  ip: string | null
}

type Tables = {
  session: SessionRow
}

export async function insertSessionRow(connection: Connection, row: SessionRow): Promise<void> {
  await connection.withTables<Tables>().insertInto('session').values(row).execute()
}

/** A session that lives, with the generation for the caches. */
export async function readSessionRow(
  connection: Connection,
  hash: string,
  now: number,
): Promise<(SessionRow & { generation: number }) | undefined> {
  // Primary key.
  const query = connection.withTables<Tables>().selectFrom('session').selectAll().select(Generation.expression.as('generation'))
  return query.where('hash', '=', hash).where('expires', '>', now).executeTakeFirst()
}

export async function slideSessionRow(connection: Connection, hash: string, lastSeen: number, expires: number): Promise<void> {
  // Primary key.
  await connection.withTables<Tables>().updateTable('session').set({ last_seen: lastSeen, expires }).where('hash', '=', hash).execute()
}

export async function removeSessionRow(connection: Connection, hash: string): Promise<void> {
  // Primary key.
  await connection.withTables<Tables>().deleteFrom('session').where('hash', '=', hash).execute()
}

export async function removeSessionRows(connection: Connection, user: string): Promise<void> {
  // Index on session (user).
  await connection.withTables<Tables>().deleteFrom('session').where('user', '=', user).execute()
}

/** Everybody has to sign in again. */
export async function removeAllSessionRows(connection: Connection): Promise<void> {
  await connection.withTables<Tables>().deleteFrom('session').execute()
}

export async function removeExpiredRows(connection: Connection, now: number): Promise<void> {
  // Index on session (expires).
  await connection.withTables<Tables>().deleteFrom('session').where('expires', '<=', now).execute()
}
