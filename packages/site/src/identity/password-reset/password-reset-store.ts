import type { Connection } from '@annex/database'

export type PasswordResetRow = {
  /** SHA-256 of what stands in the link, hex. */
  hash: string
  user: string
  /** UTC microseconds. */
  expires: number
}

type Tables = { password_reset: PasswordResetRow }

export async function insertReset(connection: Connection, row: PasswordResetRow): Promise<void> {
  await connection.withTables<Tables>().insertInto('password_reset').values(row).execute()
}

export async function readReset(connection: Connection, hash: string, now: number): Promise<PasswordResetRow | undefined> {
  // Primary key.
  const query = connection.withTables<Tables>().selectFrom('password_reset').selectAll()
  return query.where('hash', '=', hash).where('expires', '>', now).executeTakeFirst()
}

/** Uses one up: of two at once, one gets it. */
export async function takeReset(connection: Connection, hash: string, now: number): Promise<PasswordResetRow | undefined> {
  // Primary key.
  const query = connection.withTables<Tables>().deleteFrom('password_reset').where('hash', '=', hash).where('expires', '>', now)
  return query.returningAll().executeTakeFirst()
}

/** Those of one user are good no more. */
export async function removeResetsOf(connection: Connection, user: string): Promise<void> {
  // Index on password_reset (user).
  await connection.withTables<Tables>().deleteFrom('password_reset').where('user', '=', user).execute()
}

export async function removeExpiredResets(connection: Connection, now: number): Promise<void> {
  // Index on password_reset (expires).
  await connection.withTables<Tables>().deleteFrom('password_reset').where('expires', '<=', now).execute()
}

/** No link is good any more. */
export async function removeAllResets(connection: Connection): Promise<void> {
  await connection.withTables<Tables>().deleteFrom('password_reset').execute()
}
