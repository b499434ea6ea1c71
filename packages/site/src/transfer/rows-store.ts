import { setImmediate as nextTurn } from 'node:timers/promises'
import { keyOf } from '@annex/database'
import type { Connection, TableShape } from '@annex/database'
import { sql, type CompiledQuery } from 'kysely'
import type { Row, Value } from './parts.ts'

type Stored = Readonly<Record<string, Value>>

const BATCH = 500
/** Values in one insert: a statement that is not too long to be kept. */
const MOST_VALUES = 1800

/** All rows of a table, a batch at a time, in the order of its key. */
export async function* readRows(connection: Connection, table: TableShape): AsyncGenerator<readonly Row[]> {
  const key = keyOf(table)
  if (key.length === 0) throw new Error(`The table ${table.name} has no primary key, so its rows cannot be read in order`)
  const order = sql.join(key.map((name) => sql.id(name)))
  const columns = sql.join(table.columns.map(({ name }) => sql.id(name)))
  const from = sql`select ${columns} from ${sql.id(table.name)}`
  const end = sql`order by ${order} limit ${sql.lit(BATCH)}`
  const places = sql.join(key.map(() => sql`${''}`))
  // Primary key, from the last one on.
  const next = sql<Stored>`${from} where (${order}) > (${places}) ${end}`.compile(connection)
  let query: CompiledQuery<Stored> = sql<Stored>`${from} ${end}`.compile(connection)
  for (;;) {
    const { rows } = await connection.executeQuery(query)
    if (rows.length > 0) yield rows.map((row) => table.columns.map(({ name }) => row[name] ?? null))
    const last = rows.at(-1)
    if (rows.length < BATCH || last === undefined) return
    query = { ...next, parameters: key.map((name) => last[name]) }
    // SQLite answers at once: what else this process has to do has its turn in between.
    await nextTurn()
  }
}

/** Writes rows of one table. */
export class RowWriter {
  readonly #connection: Connection
  readonly #table: TableShape
  readonly #most: number
  readonly #full: CompiledQuery

  constructor(connection: Connection, table: TableShape) {
    this.#connection = connection
    this.#table = table
    this.#most = Math.max(1, Math.floor(MOST_VALUES / table.columns.length))
    this.#full = this.#insert(this.#most)
  }

  async write(rows: readonly Row[]): Promise<void> {
    for (let start = 0; start < rows.length; start += this.#most) {
      const some = rows.slice(start, start + this.#most)
      const query = some.length === this.#most ? this.#full : this.#insert(some.length)
      await this.#connection.executeQuery({ ...query, parameters: some.flat() })
    }
  }

  #insert(count: number): CompiledQuery {
    const columns = this.#table.columns.map(({ name }) => sql.id(name))
    const row = sql`(${sql.join(columns.map(() => sql`${''}`))})`
    const rows = Array.from({ length: count }, () => row)
    return sql`insert into ${sql.id(this.#table.name)} (${sql.join(columns)}) values ${sql.join(rows)}`.compile(this.#connection)
  }
}
