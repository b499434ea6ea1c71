import type Sqlite from 'better-sqlite3'
import { RecentlyUsed } from '../connections/recently-used.ts'

const LONGEST_KEPT = 8000

/** Prepared statements of one SQLite connection, kept by their text. SQLite prepares one anew by itself when a table has changed. */
export class Statements {
  readonly #connection: Sqlite.Database
  readonly #kept: RecentlyUsed<string, Sqlite.Statement>

  constructor(connection: Sqlite.Database, limit = 200) {
    this.#connection = connection
    this.#kept = new RecentlyUsed(limit)
  }

  prepare(sql: string): Sqlite.Statement {
    const kept = this.#kept.get(sql)
    if (kept) return kept
    const statement = this.#connection.prepare(sql)
    // A prepared statement takes some ten times its text; one that long is hardly asked for twice.
    if (sql.length <= LONGEST_KEPT) this.#kept.set(sql, statement)
    return statement
  }
}
