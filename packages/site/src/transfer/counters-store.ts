import type { Connection } from '@annex/database'
import { sql } from 'kysely'

/** A number in the row `id` = 1 of a table. */
export interface Counter {
  readonly table: string
  readonly column: string
}

/** Held until the transaction ends. */
export async function readCounters(connection: Connection, counters: readonly Counter[]): Promise<number[]> {
  const values: number[] = []
  for (const { table, column } of counters) {
    // Primary key. An update locks the row on either engine.
    const { rows } = await sql<{
      value: number
    }>`update ${sql.id(table)} set ${sql.id(column)} = ${sql.id(column)} where id = 1 returning ${sql.id(column)} as value`.execute(
      connection,
    )
    values.push(rows[0]?.value ?? 0)
  }
  return values
}

/** Makes each greater than it is and than it was. */
export async function raiseCounters(connection: Connection, counters: readonly Counter[], before: readonly number[]): Promise<void> {
  for (const [index, { table, column }] of counters.entries()) {
    const was = before[index] ?? 0
    const is = sql.id(column)
    // Primary key.
    await sql`update ${sql.id(table)} set ${is} = case when ${is} > ${sql.lit(was)} then ${is} else ${sql.lit(was)} end + 1 where id = 1`.execute(
      connection,
    )
  }
}
