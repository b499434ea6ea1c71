import type { Connection } from '@annex/database'

export type FactorRow = {
  user: string
  /** Sealed. */
  secret: string
  key_id: string
  /** 1 once a code has shown that the user's app knows the secret; until then it counts for nothing. */
  confirmed: number
  /** Hash of the session, or of the sign-in, that the secret was told to; null = begun by an earlier release. */
  begun_by: string | null
  /** Of the last code that was taken: no code is taken twice. */
  last_counter: number
}

type Tables = { second_factor: FactorRow; recovery_code: { user: string; hash: string } }

export async function readFactor(connection: Connection, user: string): Promise<FactorRow | undefined> {
  // Primary key.
  return connection.withTables<Tables>().selectFrom('second_factor').selectAll().where('user', '=', user).executeTakeFirst()
}

/** Whether the user is asked for a code. */
export const isFactorOn = async (connection: Connection, user: string): Promise<boolean> =>
  (await readFactor(connection, user))?.confirmed === 1

/** Puts a secret in the place of one that is not confirmed. False when there is a confirmed one. */
export async function putFactor(connection: Connection, row: FactorRow): Promise<boolean> {
  const { user: _, ...values } = row
  // Primary key. One statement: of two at once, the later one's secret stays.
  const insert = connection
    .withTables<Tables>()
    .insertInto('second_factor')
    .values(row)
    .onConflict((conflict) => conflict.column('user').doUpdateSet(values).where('second_factor.confirmed', '=', 0))
  return ((await insert.executeTakeFirst()).numInsertedOrUpdatedRows ?? 0n) > 0n
}

/** Takes the code of a counter, if it is later than the last: of two at once, one is taken. */
export async function advanceFactor(connection: Connection, { user, secret }: FactorRow, counter: number): Promise<boolean> {
  // Primary key.
  const query = connection.withTables<Tables>().updateTable('second_factor').set({ last_counter: counter, confirmed: 1 })
  const result = await query.where('user', '=', user).where('secret', '=', secret).where('last_counter', '<', counter).executeTakeFirst()
  return result.numUpdatedRows > 0n
}

export async function removeFactor(connection: Connection, user: string): Promise<void> {
  const db = connection.withTables<Tables>()
  // Primary keys.
  await db.deleteFrom('second_factor').where('user', '=', user).execute()
  await db.deleteFrom('recovery_code').where('user', '=', user).execute()
}

export async function putRecoveryCodes(connection: Connection, user: string, hashes: readonly string[]): Promise<void> {
  const db = connection.withTables<Tables>()
  // Primary key.
  await db.deleteFrom('recovery_code').where('user', '=', user).execute()
  await db
    .insertInto('recovery_code')
    .values(hashes.map((hash) => ({ user, hash })))
    .execute()
}

/** Uses one up. False when it is not there. */
export async function takeRecoveryCode(connection: Connection, user: string, hash: string): Promise<boolean> {
  // Primary key.
  const query = connection.withTables<Tables>().deleteFrom('recovery_code').where('user', '=', user).where('hash', '=', hash)
  return (await query.executeTakeFirst()).numDeletedRows > 0n
}

export async function countRecoveryCodes(connection: Connection, user: string): Promise<number> {
  // Primary key.
  const rows = await connection.withTables<Tables>().selectFrom('recovery_code').select('hash').where('user', '=', user).execute()
  return rows.length
}
