import { Generation, type Connection } from '@annex/database'

export type SessionRow = {
  hash: string
  user: string
  /** All times are UTC microseconds. */
  created: number
  last_seen: number
  expires: number
  ip: string | null
  /** What signed in, in a few words; null in sessions of earlier releases. */
  browser: string | null
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

/** Whether the session lives; while it does, whoever ends it waits until the transaction is over. */
export async function lockSessionRow(connection: Connection, hash: string, now: number): Promise<boolean> {
  // Primary key. An update locks the row on either engine.
  const query = connection.withTables<Tables>().updateTable('session').set({ hash }).where('hash', '=', hash).where('expires', '>', now)
  return (await query.returning('hash').executeTakeFirst()) !== undefined
}

export async function slideSessionRow(connection: Connection, hash: string, lastSeen: number, expires: number): Promise<void> {
  // Primary key.
  await connection.withTables<Tables>().updateTable('session').set({ last_seen: lastSeen, expires }).where('hash', '=', hash).execute()
}

/** A session that is no more. */
export type EndedSession = Pick<SessionRow, 'hash' | 'user'>

/** Removes one session; it comes back when it was there. */
export async function removeSessionRow(connection: Connection, hash: string): Promise<EndedSession[]> {
  // Primary key.
  return connection.withTables<Tables>().deleteFrom('session').where('hash', '=', hash).returning(['hash', 'user']).execute()
}

/** Removes the sessions of a user, who come back. */
export async function removeSessionRows(connection: Connection, user: string): Promise<EndedSession[]> {
  // Index on session (user).
  return connection.withTables<Tables>().deleteFrom('session').where('user', '=', user).returning(['hash', 'user']).execute()
}

/** The sessions of a user that live, the last used first. */
export async function listSessionRows(connection: Connection, user: string, now: number): Promise<SessionRow[]> {
  // Index on session (user).
  const query = connection.withTables<Tables>().selectFrom('session').selectAll().where('user', '=', user).where('expires', '>', now)
  return query.orderBy('last_seen', 'desc').orderBy('hash').execute()
}

/** Removes the sessions of a user but one; they come back. */
export async function removeOtherSessionRows(connection: Connection, user: string, kept: string): Promise<EndedSession[]> {
  // Index on session (user).
  const query = connection.withTables<Tables>().deleteFrom('session').where('user', '=', user).where('hash', '<>', kept)
  return query.returning(['hash', 'user']).execute()
}

/** Removes one session if it is this user's; it comes back then. */
export async function removeOwnSessionRow(connection: Connection, user: string, hash: string): Promise<EndedSession[]> {
  // Primary key.
  const query = connection.withTables<Tables>().deleteFrom('session').where('hash', '=', hash).where('user', '=', user)
  return query.returning(['hash', 'user']).execute()
}

/** Everybody has to sign in again. */
export async function removeAllSessionRows(connection: Connection): Promise<void> {
  await connection.withTables<Tables>().deleteFrom('session').execute()
}

export async function removeExpiredRows(connection: Connection, now: number): Promise<void> {
  // Index on session (expires).
  await connection.withTables<Tables>().deleteFrom('session').where('expires', '<=', now).execute()
}
