import type { Database as SqliteConnection } from 'better-sqlite3'
import type { CompiledQuery, QueryResult } from 'kysely'
import type { Session } from '../connections/transaction-connection.ts'
import { CommitGroup } from './commit-group.ts'
import { executeStatement } from './execute-statement.ts'
import { Statements } from './statements.ts'
import { Turns } from './turns.ts'
import { whenFree } from './when-free.ts'

const CHANGES_ROWS = /^\s*(?:insert|update|delete)\b/i

/** The one connection that writes. Everything that changes the file passes here, one at a time. */
export class Writer {
  readonly #connection: SqliteConnection
  readonly #statements: Statements
  readonly #turns = new Turns()
  #group: CommitGroup | undefined
  /** Whether the group will be committed once this round of requests has been read. */
  #isDue = false
  #durable = false

  constructor(connection: SqliteConnection) {
    this.#connection = connection
    this.#statements = new Statements(connection)
  }

  /** Runs one statement as a transaction. */
  async run(query: CompiledQuery): Promise<QueryResult<unknown>> {
    await this.#turns.take()
    return CHANGES_ROWS.test(query.sql) ? this.#share(query) : this.#runAlone(query)
  }

  /** As a member of a group, which needs no savepoint: of a statement that fails SQLite undoes all. */
  async #share(query: CompiledQuery): Promise<QueryResult<unknown>> {
    let result: QueryResult<unknown>
    let settled: Promise<void>
    try {
      const group = await this.#joined(false)
      result = this.#execute(query)
      settled = group.join()
    } finally {
      this.#passOn()
    }
    await settled
    return result
  }

  /** Some of what changes the layout cannot be a part of anything. */
  async #runAlone(query: CompiledQuery): Promise<QueryResult<unknown>> {
    try {
      this.#commitGroup()
      this.#setDurable(false)
      const statement = this.#statements.prepare(query.sql)
      return await whenFree(() => executeStatement(statement, query.parameters))
    } finally {
      this.#turns.leave()
    }
  }

  /** Waits for the turn and holds it until the session commits or is released. */
  async open(durable: boolean): Promise<Session> {
    await this.#turns.take()
    let group: CommitGroup | undefined
    let holds = true
    return {
      begin: async () => {
        group = await this.#joined(durable)
        this.#statements.prepare('savepoint member').run()
      },
      run: async (query) => this.#execute(query),
      commit: async () => {
        if (group === undefined || group !== this.#group) throw new Error('The database gave this transaction up; try it again')
        this.#statements.prepare('release member').run()
        const settled = group.join()
        holds = false
        this.#passOn()
        return settled
      },
      rollback: async () => {
        if (group !== undefined && group === this.#group) this.#connection.exec('rollback to member; release member')
      },
      release: () => {
        if (holds) this.#passOn()
      },
    }
  }

  /** Commits what has ended. To be called before the connection is closed. */
  close(): void {
    if (!this.#turns.taken) this.#commitGroup()
  }

  #execute(query: CompiledQuery): QueryResult<unknown> {
    try {
      return executeStatement(this.#statements.prepare(query.sql), query.parameters)
    } catch (error) {
      if (!this.#connection.inTransaction) this.#loseGroup(error)
      throw error
    }
  }

  /** The group that is open, if it is at least as durable as is asked, or a new one. */
  async #joined(durable: boolean): Promise<CommitGroup> {
    if (durable && this.#group?.durable === false) this.#commitGroup()
    return (this.#group ??= await this.#beginGroup(durable))
  }

  async #beginGroup(durable: boolean): Promise<CommitGroup> {
    this.#setDurable(durable)
    const begin = this.#statements.prepare('begin immediate')
    await whenFree(() => begin.run())
    return new CommitGroup(this.#connection, durable)
  }

  /** Before a transaction begins: inside one SQLite refuses the change. */
  #setDurable(durable: boolean): void {
    if (durable === this.#durable) return
    this.#connection.exec(`pragma synchronous = ${durable ? 'full' : 'normal'}`)
    this.#durable = durable
  }

  /** Those who have committed wait for whoever is next in line, and for those whose requests are there but not read yet. */
  #passOn(): void {
    const isLast = this.#turns.waiting === 0
    if (this.#group?.isFull === true || (isLast && this.#group?.isEmpty === true)) this.#commitGroup()
    else if (isLast) this.#commitSoon()
    this.#turns.leave()
  }

  /**
   * Node reads requests that came together one after the other, each with all that follows from it but waiting; so the
   * second of them gets in line only when the first is through. When all are read the group has everybody who was there.
   */
  #commitSoon(): void {
    if (this.#isDue || this.#group === undefined) return
    this.#isDue = true
    setImmediate(() => void this.#commitInTurn())
  }

  async #commitInTurn(): Promise<void> {
    this.#isDue = false
    await this.#turns.take()
    try {
      this.#commitGroup()
    } finally {
      this.#turns.leave()
    }
  }

  #commitGroup(): void {
    const group = this.#group
    this.#group = undefined
    group?.commit()
  }

  #loseGroup(error: unknown): void {
    const group = this.#group
    this.#group = undefined
    group?.fail(error)
  }
}
