import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely'

/** One engine connection, held by one transaction from its begin to its end. */
export interface Session {
  begin(): Promise<void>
  run(query: CompiledQuery): Promise<QueryResult<unknown>>
  commit(): Promise<void>
  rollback(): Promise<void>
  /** Gives the engine connection back. Always the last call. */
  release(): void
}

/**
 * What the queries of one transaction run on.
 *
 * After a failed statement it refuses all further ones, as PostgreSQL does and SQLite does not,
 * so that work which leaves a failure behind it fails on either engine.
 */
export class TransactionConnection implements DatabaseConnection {
  readonly #session: Session
  #ended = false
  #failure: unknown

  constructor(session: Session) {
    this.#session = session
  }

  get ended(): boolean {
    return this.#ended
  }

  begin(): Promise<void> {
    return this.#session.begin()
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#ended) throw new Error('This transaction has ended: await every query within its work')
    if (this.#failure !== undefined && !query.sql.startsWith('rollback to ')) throw this.#refusal()
    try {
      const result = await this.#session.run(query)
      this.#failure = undefined
      return result as QueryResult<R>
    } catch (error) {
      this.#failure = error
      throw error
    }
  }

  // Ended before the engine is told, so that a query which nobody awaited cannot slip in behind the commit.
  async commit(): Promise<void> {
    if (this.#failure !== undefined) throw this.#refusal()
    this.#ended = true
    await this.#session.commit()
  }

  rollback(): Promise<void> {
    this.#ended = true
    return this.#session.rollback()
  }

  release(): void {
    this.#ended = true
    this.#session.release()
  }

  streamQuery(): never {
    throw new Error('Results are not streamed: ask for a page at a time')
  }

  #refusal(): Error {
    return new Error('A statement of this transaction failed, so it can only be rolled back: let the error through, or use savepoint()', {
      cause: this.#failure,
    })
  }
}
