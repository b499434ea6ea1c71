import type { Connection } from '@annex/database'
import { sql } from 'kysely'

export type SeriesTable = {
  naming_series: { prefix: string; current: number }
}

/**
 * The next number of a prefix, counted in the caller's transaction: whoever comes second waits
 * for the first to commit, and a rollback gives the number back.
 */
export async function nextNumber(connection: Connection, prefix: string): Promise<number> {
  // Primary key naming_series(prefix).
  const row = await connection
    .withTables<SeriesTable>()
    .insertInto('naming_series')
    .values({ prefix, current: 1 })
    .onConflict((conflict) => conflict.column('prefix').doUpdateSet({ current: sql<number>`naming_series.current + 1` }))
    .returning('current')
    .executeTakeFirstOrThrow()
  return row.current
}

/** Gives the number back when it is the newest of its prefix. */
export async function giveBackNumber(connection: Connection, prefix: string, number: number): Promise<void> {
  // Primary key naming_series(prefix).
  await connection
    .withTables<SeriesTable>()
    .updateTable('naming_series')
    .set({ current: number - 1 })
    .where('prefix', '=', prefix)
    .where('current', '=', number)
    .execute()
}
