import type { Connection } from '@annex/database'

export type UserDefaultRow = {
  user: string
  key: string
  value: string
}

type Tables = {
  user_default: UserDefaultRow
}

export async function writeUserDefaultRow(connection: Connection, row: UserDefaultRow): Promise<void> {
  const insert = connection.withTables<Tables>().insertInto('user_default').values(row)
  // Primary key.
  await insert.onConflict((conflict) => conflict.columns(['user', 'key']).doUpdateSet({ value: row.value })).execute()
}

export async function removeUserDefaultRow(connection: Connection, user: string, key: string): Promise<void> {
  // Primary key.
  await connection.withTables<Tables>().deleteFrom('user_default').where('user', '=', user).where('key', '=', key).execute()
}

export async function countUserDefaultRows(connection: Connection, user: string): Promise<number> {
  // Primary key, by its first column.
  const query = connection.withTables<Tables>().selectFrom('user_default').where('user', '=', user)
  const { count } = await query.select(({ fn }) => fn.countAll().as('count')).executeTakeFirstOrThrow()
  return Number(count)
}

export async function readUserDefaultRow(connection: Connection, user: string, key: string): Promise<UserDefaultRow | undefined> {
  // Primary key.
  const query = connection.withTables<Tables>().selectFrom('user_default').selectAll()
  return query.where('user', '=', user).where('key', '=', key).executeTakeFirst()
}

export async function readUserDefaults(connection: Connection, user: string): Promise<ReadonlyMap<string, string>> {
  // Primary key, by its first column.
  const rows = await connection.withTables<Tables>().selectFrom('user_default').select(['key', 'value']).where('user', '=', user).execute()
  return new Map(rows.map(({ key, value }) => [key, value]))
}

export async function removeUserDefaultRows(connection: Connection, user: string): Promise<void> {
  // Primary key, by its first column.
  await connection.withTables<Tables>().deleteFrom('user_default').where('user', '=', user).execute()
}
