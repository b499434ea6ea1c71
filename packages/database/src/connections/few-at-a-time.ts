import { sql, type RawBuilder, type SelectQueryBuilder, type SqlBool } from 'kysely'
import type { Database } from '../database.ts'
import { dialectOf } from '../dialect-of.ts'

/** Rows that one statement forgets. */
const MOST = 50

/**
 * The condition of a statement that is to forget a few of the rows which a query finds, and none that another transaction holds: the
 * next sweep finds those. For what must be done to each row it is no way. They are named by where they lie: whatever PostgreSQL believes of a table that has just grown, it reads no more of it than these.
 *
 * @param found a query of one table, without columns. It says whose rows they are: any other condition on the statement itself may tempt
 *   SQLite to go by that
 */
export function few<Tables, Table extends keyof Tables>(
  { engine }: Pick<Database, 'engine'>,
  found: SelectQueryBuilder<Tables, Table, object>,
): RawBuilder<SqlBool> {
  const place = sql.ref(engine === 'sqlite' ? 'rowid' : 'ctid')
  // Written out, and not a parameter: PostgreSQL plans by it.
  const some = found.select(place.as('place')).limit(sql.lit(MOST)).modifyEnd(dialectOf(engine).lockFreeRows)
  return engine === 'sqlite' ? sql`rowid in (${some})` : sql`ctid = any(array(${some}))`
}

/**
 * Repeats a statement that forgets `few` rows until it finds fewer: one that forgot a million would hold up everybody who writes, and
 * on SQLite the whole process. In between whoever waits has their turn.
 *
 * @param statement gives a row for each that it forgot
 * @returns how many rows it forgot in all
 */
export async function fewAtATime(statement: { execute(): Promise<{ readonly length: number }> }): Promise<number> {
  for (let all = 0; ;) {
    const { length } = await statement.execute()
    all += length
    if (length < MOST) return all
    await new Promise(setImmediate)
  }
}
