import {
  DialectAdapterBase,
  Kysely,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type Driver,
  type QueryCompiler,
} from 'kysely'
import { TransactionConnection, type Session } from './transaction-connection.ts'

/** Hands out one connection that any number of single statements share. */
export class StatementDriver implements Driver {
  readonly #connection: DatabaseConnection

  constructor(connection: DatabaseConnection) {
    this.#connection = connection
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection
  }

  async beginTransaction(): Promise<never> {
    throw new Error('Begin a transaction with database.transaction()')
  }

  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}
}

/** Hands out a session of its own to every transaction. */
export class TransactionDriver implements Driver {
  readonly #open: () => Promise<Session>

  constructor(open: () => Promise<Session>) {
    this.#open = open
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<TransactionConnection> {
    return new TransactionConnection(await this.#open())
  }

  beginTransaction(connection: TransactionConnection): Promise<void> {
    return connection.begin()
  }

  commitTransaction(connection: TransactionConnection): Promise<void> {
    return connection.commit()
  }

  rollbackTransaction(connection: TransactionConnection): Promise<void> {
    return connection.rollback()
  }

  async releaseConnection(connection: TransactionConnection): Promise<void> {
    connection.release()
  }

  async destroy(): Promise<void> {}
}

class Adapter extends DialectAdapterBase {
  override get supportsReturning(): boolean {
    return true
  }

  override get supportsTransactionalDdl(): boolean {
    return true
  }

  async acquireMigrationLock(): Promise<void> {}
  async releaseMigrationLock(): Promise<void> {}
}

export interface Language {
  createQueryCompiler(): QueryCompiler
  createIntrospector(connection: Kysely<unknown>): DatabaseIntrospector
}

export function kyselyOver(driver: Driver, language: Language): Kysely<unknown> {
  const dialect: Dialect = {
    createDriver: () => driver,
    createAdapter: () => new Adapter(),
    createQueryCompiler: () => language.createQueryCompiler(),
    createIntrospector: (connection) => language.createIntrospector(connection),
  }
  return new Kysely({ dialect })
}
