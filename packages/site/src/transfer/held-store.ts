import { dialectOf } from '@annex/database'
import type { Database } from '@annex/database'
import { sql } from 'kysely'

export interface Held {
  readonly tables: number
  readonly rows: number
}

/** What a database holds; undefined when it has no table. */
export async function countHeld(database: Database): Promise<Held | undefined> {
  const tables = await dialectOf(database.engine).listTables(database.connection)
  if (tables.length === 0) return undefined
  let rows = 0
  for (const { name } of tables) {
    // Every row is counted.
    const counted = await sql<{ n: number }>`select count(*) as n from ${sql.id(name)}`.execute(database.connection)
    rows += counted.rows[0]?.n ?? 0
  }
  return { tables: tables.length, rows }
}
