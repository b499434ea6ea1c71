import { setTimeout as sleep } from 'node:timers/promises'
import {
  PostgresIntrospector,
  PostgresQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Kysely,
  type QueryResult,
} from 'kysely'
import type pg from 'pg'
import type { Connection, Database } from '../database.ts'
import { kyselyOver, StatementDriver, TransactionDriver, type Language } from '../connections/drivers.ts'
import { runsOn } from '../connections/kept-query.ts'
import { runCommitTasks } from '../connections/commit-tasks.ts'
import { OpenWork } from '../connections/open-work.ts'
import type { Session } from '../connections/transaction-connection.ts'
import { LAYOUT_LOCK } from './layout-lock.ts'
import { isWorthRepeating } from './postgres-errors.ts'
import { prepareServer } from './prepare-server.ts'
import { Clients, type ClientOptions } from './clients.ts'

const LANGUAGE: Language = {
  createQueryCompiler: () => new PostgresQueryCompiler(),
  createIntrospector: (connection) => new PostgresIntrospector(connection),
}
const ATTEMPTS = 6

export class PostgresDatabase implements Database {
  readonly engine = 'postgres'
  readonly place: string
  readonly connection: Connection
  readonly #clients: Clients
  readonly #work = new OpenWork()
  readonly #transactions: Kysely<unknown>
  readonly #snapshots: Kysely<unknown>

  private constructor(place: string, clients: Clients) {
    this.place = place
    this.#clients = clients
    const statements = new SingleStatements(clients)
    this.connection = kyselyOver(new StatementDriver(statements), LANGUAGE)
    runsOn(this.connection, statements)
    this.#transactions = kyselyOver(new TransactionDriver(async () => sessionOf(clients, await clients.take())), LANGUAGE)
    this.#snapshots = kyselyOver(new TransactionDriver(async () => snapshotOf(clients, await clients.take())), LANGUAGE)
  }

  static async open(url: string, place: string, options: ClientOptions): Promise<PostgresDatabase> {
    const clients = new Clients(url, options)
    try {
      await prepareServer(clients)
      return new PostgresDatabase(place, clients)
    } catch (error) {
      await clients.close()
      throw error
    }
  }

  async transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    this.#work.refuse('A transaction')
    for (let attempt = 1; ; attempt += 1) {
      let used: Connection | undefined
      try {
        const result = await this.#transactions.transaction().execute((connection) => this.#work.run(() => work((used = connection))))
        runCommitTasks(used)
        return result
      } catch (error) {
        const root = rootOf(error)
        if (attempt === ATTEMPTS || !(isWorthRepeating(root) || this.#clients.isStale(root))) throw error
      }
      await sleep(Math.random() * 10 * 2 ** attempt)
    }
  }

  snapshot<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    this.#work.refuse('A snapshot')
    return this.#snapshots.transaction().execute(work)
  }

  close(): Promise<void> {
    return this.#clients.close()
  }
}

// Work that went on after the failure got a refusal instead, whose cause it is.
function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error
}

class SingleStatements implements DatabaseConnection {
  readonly #clients: Clients

  constructor(clients: Clients) {
    this.#clients = clients
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const client = await this.#clients.take()
    try {
      return (await this.#twiceWhenStale(client, query)) as QueryResult<R>
    } finally {
      this.#clients.giveBack(client)
    }
  }

  streamQuery(): never {
    throw new Error('Results are not streamed: ask for a page at a time')
  }

  async #twiceWhenStale(client: pg.PoolClient, query: CompiledQuery): Promise<QueryResult<unknown>> {
    try {
      return await this.#clients.run(client, query)
    } catch (error) {
      if (!this.#clients.isStale(error)) throw error
      return await this.#clients.run(client, query)
    }
  }
}

function sessionOf(clients: Clients, client: pg.PoolClient): Session {
  let broken = false
  return {
    begin: async () => void (await client.query('begin')),
    run: (query) => clients.run(client, query),
    async commit() {
      const { command } = await client.query('commit')
      if (command !== 'COMMIT') throw new Error('PostgreSQL rolled the transaction back instead of committing it')
    },
    async rollback() {
      // The error that led here says more than that the connection is gone.
      await client.query('rollback').catch(() => (broken = true))
    },
    release: () => clients.giveBack(client, broken),
  }
}

/**
 * The lock comes before the snapshot, which would else be older than a change of tables that it waited for. A transaction
 * beside holds it: a lock of the session would stay with the server's connection behind a pooler.
 */
function snapshotOf(clients: Clients, client: pg.PoolClient): Session {
  const ordinary = sessionOf(clients, client)
  let holder: Session | undefined
  return {
    ...ordinary,
    begin: async () => {
      const beside = await clients.take()
      holder = sessionOf(clients, beside)
      await holder.begin()
      await beside.query(`select pg_advisory_xact_lock_shared(${LAYOUT_LOCK})`)
      await client.query('begin isolation level repeatable read read only')
    },
    release: () => {
      ordinary.release()
      void holder?.rollback().finally(() => holder?.release())
    },
  }
}
