import { closeSync, existsSync, openSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import Sqlite from 'better-sqlite3'
import { SqliteIntrospector, SqliteQueryCompiler, type CompiledQuery, type DatabaseConnection, type Kysely, type QueryResult } from 'kysely'
import type { Connection, Database, TransactionOptions } from '../database.ts'
import { kyselyOver, StatementDriver, TransactionDriver, type Language } from '../connections/drivers.ts'
import { runsOn } from '../connections/kept-query.ts'
import { runCommitTasks } from '../connections/commit-tasks.ts'
import { OpenWork } from '../connections/open-work.ts'
import type { Session } from '../connections/transaction-connection.ts'
import { executeStatement } from './execute-statement.ts'
import { registerFunctions } from './sqlite-functions.ts'
import { Statements } from './statements.ts'
import { whenFree } from './when-free.ts'
import { Writer } from './writer.ts'

/**
 * Writes `+?` where a value goes. The plus changes nothing but this: SQLite, built with statistics, plans a statement anew
 * at each execution when a bare `?` stands where an index or a limit could use its value, which costs more than the query.
 */
class PlanOnceCompiler extends SqliteQueryCompiler {
  protected override getCurrentParameterPlaceholder(): string {
    return '+?'
  }
}

const LANGUAGE: Language = {
  createQueryCompiler: () => new PlanOnceCompiler(),
  createIntrospector: (connection) => new SqliteIntrospector(connection),
}

/** A file with one connection that writes and one that reads, so that a reader never waits for an open transaction. */
export class SqliteDatabase implements Database {
  readonly engine = 'sqlite'
  readonly place: string
  readonly connection: Connection
  readonly #path: string
  readonly #sources: readonly Sqlite.Database[]
  readonly #work = new OpenWork()
  readonly #writer: Writer
  readonly #ordinary: Kysely<unknown>
  readonly #durable: Kysely<unknown>

  private constructor(path: string, writing: Sqlite.Database, reading: Sqlite.Database) {
    const writer = new Writer(writing)
    this.#writer = writer
    this.place = `sqlite:${path}`
    this.#path = path
    this.#sources = [reading, writing]
    const statements = new SingleStatements(new Statements(reading), writer, this.#work)
    this.connection = kyselyOver(new StatementDriver(statements), LANGUAGE)
    runsOn(this.connection, statements)
    this.#ordinary = kyselyOver(new TransactionDriver(() => writer.open(false)), LANGUAGE)
    this.#durable = kyselyOver(new TransactionDriver(() => writer.open(true)), LANGUAGE)
  }

  static async open(url: string, mustExist = false): Promise<SqliteDatabase> {
    const path = pathOf(url)
    if (mustExist && !existsSync(path)) throw new Error('there is no such file')
    const writing = await whenFree(() => openWriting(path))
    try {
      return new SqliteDatabase(path, writing, openReading(path))
    } catch (error) {
      writing.close()
      throw error
    }
  }

  async transaction<T>(work: (connection: Connection) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    this.#work.refuse('A transaction')
    const kysely = options.durable ? this.#durable : this.#ordinary
    let used: Connection | undefined
    const result = await kysely.transaction().execute((connection) => this.#work.run(() => work((used = connection))))
    runCommitTasks(used)
    return result
  }

  snapshot<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const snapshots = kyselyOver(new TransactionDriver(async () => snapshotOf(openReading(this.#path))), LANGUAGE)
    return snapshots.transaction().execute(work)
  }

  async close(): Promise<void> {
    this.#writer.close()
    for (const source of this.#sources) source.close()
  }
}

/** Sends a statement that only reads to the reader, and any other to the writer, behind open transactions. */
class SingleStatements implements DatabaseConnection {
  readonly #reads: Statements
  readonly #writer: Writer
  readonly #work: OpenWork

  constructor(reads: Statements, writer: Writer, work: OpenWork) {
    this.#reads = reads
    this.#writer = writer
    this.#work = work
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const statement = this.#reads.prepare(query.sql)
    if (statement.readonly) return executeStatement(statement, query.parameters) as QueryResult<R>
    this.#work.refuse('A write of its own')
    return (await this.#writer.run(query)) as QueryResult<R>
  }

  streamQuery(): never {
    throw new Error('Results are not streamed: ask for a page at a time')
  }
}

/** A connection of its own, so that what others read meanwhile stays new. */
function snapshotOf(source: Sqlite.Database): Session {
  const statements = new Statements(source)
  return {
    begin: async () => {
      source.exec('begin')
      // The moment is that of the first read.
      source.prepare('select count(*) from sqlite_schema').get()
    },
    run: async (query) => executeStatement(statements.prepare(query.sql), query.parameters),
    commit: async () => void source.exec('commit'),
    rollback: async () => void source.exec('rollback'),
    release: () => source.close(),
  }
}

function pathOf(url: string): string {
  const path = url.replace(/^sqlite:(\/\/(?=\/))?/, '')
  if (!isAbsolute(path)) throw new Error('the path must be absolute, as in sqlite:/var/lib/annex/site.db')
  return path
}

/**
 * KiB of pages that the writer keeps; the default of a connection is four times as much. Its statements find their rows by indexes whose inner pages fit
 * in this, and what they change next lies anywhere; only readers come back to the same pages.
 */
const WRITER_CACHE = 4000

/** KiB of pages that a reader keeps until somebody writes; what falls out of it the system still has. Half of the default. */
const READER_CACHE = 8000

/**
 * Pages of 4 KiB in the log before whoever commits copies them into the file, and waits for the disk twice. With SQLite's thousand one of a hundred
 * transactions met that; a page that many of them change is copied once, so that four times as many take little longer to copy.
 */
const LOG_PAGES = 4000

function openWriting(path: string): Sqlite.Database {
  // The file holds hashes of passwords and tokens; SQLite gives its side files the same mode.
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
  // Whoever opens or writes waits by itself, without holding up the process.
  const connection = new Sqlite(path, { timeout: 0 })
  try {
    connection.pragma('journal_mode = wal')
    connection.pragma('synchronous = normal')
    connection.pragma('journal_size_limit = 67108864')
    connection.pragma(`cache_size = -${WRITER_CACHE}`)
    connection.pragma(`wal_autocheckpoint = ${LOG_PAGES}`)
    prepared(connection)
    // What a long transaction would need to undo a part of itself lies on the disk, so that it takes no more memory than a short one.
    connection.pragma('temp_store = file')
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

function openReading(path: string): Sqlite.Database {
  const connection = prepared(new Sqlite(path, { readonly: true, timeout: 5000 }))
  connection.pragma(`cache_size = -${READER_CACHE}`)
  return connection
}

function prepared(connection: Sqlite.Database): Sqlite.Database {
  connection.pragma('foreign_keys = on')
  connection.pragma('temp_store = memory')
  registerFunctions(connection)
  return connection
}
