import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Connection } from '@annex/database'
import { sql, type CompiledQuery } from 'kysely'
import type { Stored } from '../values/to-stored.ts'

type Row = { readonly name: string } & Readonly<Record<string, Stored>>
type Tables = Record<string, Record<string, Stored>>

/** Rows at a time, so that the memory taken does not grow with the table. */
const BATCH = 500

/** Every row of a table, a batch at a time, in order of name; rows that are written meanwhile stay where they are. */
export async function* rowsOf(connection: Connection, table: string, columns: readonly string[]): AsyncGenerator<Row[]> {
  let last: string | undefined
  for (;;) {
    // Primary key (name), from the last one on.
    let query = connection
      .withTables<Tables>()
      .selectFrom(table)
      .select(['name', ...columns])
    if (last !== undefined) query = query.where('name', '>', last)
    const rows = (await query.orderBy('name').limit(BATCH).execute()) as Row[]
    if (rows.length > 0) yield rows
    if (rows.length < BATCH) return
    last = rows.at(-1)?.name
    // SQLite answers at once: other requests of this process have their turn in between.
    await nextTurn()
  }
}

/** Rows in one update: its statement is kept, and so is not too long. */
const TOGETHER = 100

/** Gives one column of named rows a value for each of its own. */
export class ColumnWriter {
  readonly #connection: Connection
  readonly #statement: (count: number) => CompiledQuery
  readonly #whole: CompiledQuery

  /** @param type - the column's, without a collation */
  constructor(connection: Connection, { table, column, type }: { readonly table: string; readonly column: string; readonly type: string }) {
    const line = sql`(cast(${''} as text), cast(${''} as ${sql.raw(type)}))`
    this.#connection = connection
    // Primary key (name), once a value.
    this.#statement = (count) =>
      sql`update ${sql.id(table)} set ${sql.id(column)} = given.column2 from (values ${sql.join(Array.from({ length: count }, () => line))}) as given where ${sql.id(table, 'name')} = given.column1`.compile(
        connection,
      )
    this.#whole = this.#statement(TOGETHER)
  }

  async write(values: readonly (readonly [name: string, value: Stored])[]): Promise<void> {
    for (let start = 0; start < values.length; start += TOGETHER) {
      const some = values.slice(start, start + TOGETHER)
      const query = some.length === TOGETHER ? this.#whole : this.#statement(some.length)
      await this.#connection.executeQuery({ ...query, parameters: some.flat() })
    }
  }
}
