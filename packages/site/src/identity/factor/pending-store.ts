import type { Connection } from '@annex/database'

export type PendingRow = {
  /** SHA-256 of the id that the caller has, hex. */
  hash: string
  user: string
  /** UTC microseconds. */
  expires: number
  /** Codes that were tried. */
  tries: number
}

type Tables = { pending_sign_in: PendingRow }

/** Keeps one, and sweeps out those that are over. */
export async function insertPending(connection: Connection, row: PendingRow, now: number): Promise<void> {
  const db = connection.withTables<Tables>()
  // Index on pending_sign_in (expires).
  await db.deleteFrom('pending_sign_in').where('expires', '<=', now).execute()
  await db.insertInto('pending_sign_in').values(row).execute()
}

/** Whose sign-in waits, without counting anything. */
export async function readPending(connection: Connection, hash: string, now: number): Promise<string | undefined> {
  // Primary key.
  const query = connection.withTables<Tables>().selectFrom('pending_sign_in').select('user')
  return (await query.where('hash', '=', hash).where('expires', '>', now).executeTakeFirst())?.user
}

/** Counts a try; whose sign-in it is, and which try this was, comes back while there are any left. */
export async function tryPending(
  connection: Connection,
  hash: string,
  now: number,
  most: number,
): Promise<Pick<PendingRow, 'user' | 'tries'> | undefined> {
  // Primary key.
  const query = connection
    .withTables<Tables>()
    .updateTable('pending_sign_in')
    .set((row) => ({ tries: row('tries', '+', 1) }))
  return query.where('hash', '=', hash).where('expires', '>', now).where('tries', '<', most).returning(['user', 'tries']).executeTakeFirst()
}

/** True for one caller alone. */
export async function takePending(connection: Connection, hash: string): Promise<boolean> {
  // Primary key.
  const query = connection.withTables<Tables>().deleteFrom('pending_sign_in').where('hash', '=', hash)
  return (await query.executeTakeFirst()).numDeletedRows > 0n
}

export async function removePendingOf(connection: Connection, user: string): Promise<void> {
  // Index on pending_sign_in (user).
  await connection.withTables<Tables>().deleteFrom('pending_sign_in').where('user', '=', user).execute()
}

/** Everybody has to begin anew. */
export async function removeAllPending(connection: Connection): Promise<void> {
  await connection.withTables<Tables>().deleteFrom('pending_sign_in').execute()
}
