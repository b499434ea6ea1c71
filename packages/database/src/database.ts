import type { Kysely } from 'kysely'

export type Engine = 'sqlite' | 'postgres'

/**
 * Where queries run: the database itself, or a transaction of it.
 *
 * A store names its tables with `connection.withTables<MyTables>()`.
 */
export type Connection = Kysely<unknown>

export interface TransactionOptions {
  /** Written through to the disk before it returns, where a lost commit would be a security hole. Default false. */
  readonly durable?: boolean
}

/** One database (seam 1). The same SQL runs on either engine; `Dialect` holds what differs. */
export interface Database {
  readonly engine: Engine
  /** The URL without its password, for messages. */
  readonly place: string
  /** For single statements. On SQLite, reads here see the state before any open transaction and never wait for it. */
  readonly connection: Connection
  /**
   * Runs the work in one transaction, rolled back when it throws. On SQLite it begins as a writer,
   * one at a time, in order of asking; on PostgreSQL it is retried when the engine reports a deadlock
   * or a serialization failure, so the work must have no effect outside the database.
   *
   * The connection refuses use after the work has ended.
   */
  transaction<T>(work: (connection: Connection) => Promise<T>, options?: TransactionOptions): Promise<T>
  /**
   * Runs work that only reads, all of it in the state of one moment, beside whatever is written meanwhile.
   * On PostgreSQL changes of tables wait until it has ended.
   */
  snapshot<T>(work: (connection: Connection) => Promise<T>): Promise<T>
  close(): Promise<void>
}
