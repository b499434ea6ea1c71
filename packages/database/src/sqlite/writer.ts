import { setTimeout as sleep } from 'node:timers/promises'
import SqliteError, { type Database as SqliteConnection } from 'better-sqlite3'
import type { CompiledQuery, QueryResult } from 'kysely'
import type { Session } from '../connections/transaction-connection.ts'
import { executeStatement } from './execute-statement.ts'
import { Statements } from './statements.ts'
import { Turns } from './turns.ts'

/** How long a write waits for another process, in milliseconds. */
const BUSY_TIMEOUT = 5000

/** The one connection that writes. Everything that changes the file passes here, one at a time. */
export class Writer {
  readonly #connection: SqliteConnection
  readonly #statements: Statements
  readonly #turns = new Turns()

  constructor(connection: SqliteConnection) {
    this.#connection = connection
    this.#statements = new Statements(connection)
  }

  /** Runs one statement as a transaction of its own. */
  async run(query: CompiledQuery): Promise<QueryResult<unknown>> {
    await this.#turns.take()
    try {
      const statement = this.#statements.prepare(query.sql)
      return await whenFree(() => executeStatement(statement, query.parameters))
    } finally {
      this.#turns.leave()
    }
  }

  /** Waits for the turn and holds it until the session is released. */
  async open(durable: boolean): Promise<Session> {
    await this.#turns.take()
    return {
      begin: async () => {
        // Inside a transaction SQLite refuses the change.
        if (durable) this.#connection.exec('pragma synchronous = full')
        const begin = this.#statements.prepare('begin immediate')
        await whenFree(() => begin.run())
      },
      run: async (query) => executeStatement(this.#statements.prepare(query.sql), query.parameters),
      commit: async () => void this.#statements.prepare('commit').run(),
      rollback: async () => this.#rollBack(),
      release: () => {
        if (durable) this.#connection.exec('pragma synchronous = normal')
        this.#turns.leave()
      },
    }
  }

  // A full disk or a failed write has rolled back already.
  #rollBack(): void {
    if (this.#connection.inTransaction) this.#statements.prepare('rollback').run()
  }
}

// SQLite's own wait would hold up the whole process; this one lets other requests run meanwhile.
async function whenFree<T>(act: () => T): Promise<T> {
  const deadline = performance.now() + BUSY_TIMEOUT
  for (;;) {
    try {
      return act()
    } catch (error) {
      if (!isSqliteBusy(error) || performance.now() > deadline) throw error
    }
    await sleep(1 + Math.random() * 4)
  }
}

export function isSqliteBusy(error: unknown): boolean {
  return error instanceof SqliteError.SqliteError && error.code.startsWith('SQLITE_BUSY')
}
