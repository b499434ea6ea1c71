import { sql, type RawBuilder } from 'kysely'
import { keptQuery } from './connections/kept-query.ts'
import type { Connection, Database } from './database.ts'
import type { Migration } from './migrate.ts'

type Tables = { generation: { id: number; value: number } }

export const generationMigration: Migration = {
  name: 'database-generation',
  async up(connection, dialect) {
    const int = sql.raw(dialect.columnType('int'))
    await sql`create table generation (id ${int} primary key, value ${int} not null)`.execute(connection)
    await connection.withTables<Tables>().insertInto('generation').values({ id: 1, value: 1 }).execute()
  },
}

/**
 * A number that rises with every change of what processes keep in memory (DocTypes, roles, permissions).
 *
 * Whoever changes such a thing calls `bump` in the same transaction. Every query that begins a request selects `expression`
 * along and hands it to `observe`, so that a process which has not seen the change reloads before it answers.
 */
export class Generation {
  /** The number as a subselect, to be selected along in any query. */
  static readonly expression: RawBuilder<number> = sql<number>`(select value from generation where id = 1)`

  readonly #database: Database
  readonly #listeners: (() => Promise<void>)[] = []
  #seen: number | undefined
  #reload: { readonly value: number; readonly done: Promise<void> } | undefined

  constructor(database: Database) {
    this.#database = database
  }

  async read(): Promise<number> {
    const [row] = await readGeneration(this.#database.connection, {})
    if (!row) throw new Error('The database has no generation; it was not migrated')
    return row.value
  }

  /** To be called in the transaction of the change; others see it with the commit. Call it last: on PostgreSQL it makes other such changes wait. */
  bump(connection: Connection): Promise<void> {
    return bumpGeneration(connection)
  }

  /** Awaited on every change before `observe` returns, in order of adding. */
  onChange(listener: () => Promise<void>): void {
    this.#listeners.push(listener)
  }

  /** Whether `observe` would return at once: nothing was changed since, and nobody is loading. */
  isSeen(value: number): boolean {
    return value === this.#seen && this.#reload === undefined
  }

  /**
   * Tells the number that a query has read. When it differs from the last one, waits until every listener has reloaded;
   * callers that come meanwhile wait for the same reload. The first call always reloads.
   *
   * @throws what a listener throws; the next call tries again
   */
  observe(value: number): Promise<void> {
    if (this.#reload) return this.#reload.value === value ? this.#reload.done : this.#after(this.#reload.done, value)
    if (value === this.#seen) return SETTLED
    const done = this.#reloadAs(value)
    this.#reload = { value, done }
    return done
  }

  async #reloadAs(value: number): Promise<void> {
    // Never settled before the caller has noted it.
    await SETTLED
    try {
      for (const listener of this.#listeners) await listener()
      this.#seen = value
    } finally {
      this.#reload = undefined
    }
  }

  async #after(reload: Promise<void>, value: number): Promise<void> {
    await reload.catch(() => undefined)
    await this.observe(value)
  }
}

// Primary key.
const readGeneration = keptQuery<object, { value: number }>((connection) =>
  connection.withTables<Tables>().selectFrom('generation').select('value').where('id', '=', 1),
)

/** As `Generation.bump`, where there is no instance. */
export async function bumpGeneration(connection: Connection): Promise<void> {
  // Primary key.
  await connection
    .withTables<Tables>()
    .updateTable('generation')
    .set((row) => ({ value: row('value', '+', 1) }))
    .where('id', '=', 1)
    .execute()
}

const SETTLED = Promise.resolve()
