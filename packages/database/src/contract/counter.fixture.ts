import { sql } from 'kysely'
import type { Database } from '../database.ts'
import { dialectOf } from '../dialect-of.ts'

type Tables = { counter: { id: number; value: number } }

export async function createCounter(database: Database): Promise<void> {
  await sql`create table counter (id bigint primary key, value bigint)`.execute(database.connection)
  await database.connection.withTables<Tables>().insertInto('counter').values({ id: 1, value: 0 }).execute()
}

export async function readCounter(database: Database): Promise<number> {
  const row = await database.connection.withTables<Tables>().selectFrom('counter').select('value').executeTakeFirstOrThrow()
  return row.value
}

/** Reads, waits for whatever else wants to run, and then writes what it read and one. */
export async function countUp(database: Database, times: number): Promise<void> {
  const { lockRows } = dialectOf(database.engine)
  for (let turn = 0; turn < times; turn += 1) {
    await database.transaction(async (connection) => {
      const tables = connection.withTables<Tables>()
      const { value } = await tables.selectFrom('counter').select('value').modifyEnd(lockRows).executeTakeFirstOrThrow()
      await new Promise((resolve) => setImmediate(resolve))
      await tables
        .updateTable('counter')
        .set({ value: value + 1 })
        .execute()
    })
  }
}
