import type { CompiledQuery, QueryResult } from 'kysely'
import pg from 'pg'
import { bindable } from '../values/bad-value.ts'
import { NamedStatements } from './named-statements.ts'
import { isFaultOfText, isStalePlan } from './postgres-errors.ts'

export interface ClientOptions {
  readonly namedStatements?: boolean
  readonly maxConnections?: number
}

/** A connection that has gathered more named statements than this is replaced, so that the server's memory stays bounded. */
const MOST_STATEMENTS = 1500

const PARSERS = new Map<number, (text: string) => unknown>([
  [pg.types.builtins.INT8, Number],
  [pg.types.builtins.NUMERIC, Number],
  [pg.types.builtins.BOOL, (text: string) => (text === 't' ? 1 : 0)],
])

/** The connections to one PostgreSQL, and the names that statements have on them. */
export class Clients {
  readonly #pool: pg.Pool
  readonly #names: NamedStatements | undefined
  /** Names that statements were parsed under. */
  readonly #parsed = new WeakMap<pg.PoolClient, Set<string>>()
  readonly #stale = new WeakSet<Error>()

  constructor(url: string, options: ClientOptions) {
    this.#names = options.namedStatements === false ? undefined : new NamedStatements()
    this.#pool = new pg.Pool({
      connectionString: url,
      max: options.maxConnections ?? 10,
      connectionTimeoutMillis: 10_000,
      application_name: 'annex',
      types: { getTypeParser: (oid: number, format?: 'text' | 'binary') => PARSERS.get(oid) ?? pg.types.getTypeParser(oid, format) },
    })
    // A connection that the server ends shows in the next query on it; without a listener it would end the process.
    this.#pool.on('error', () => {})
    this.#pool.on('connect', (client) => client.on('error', () => {}))
  }

  take(): Promise<pg.PoolClient> {
    return this.#pool.connect()
  }

  giveBack(client: pg.PoolClient, broken = false): void {
    client.release(broken || (this.#parsed.get(client)?.size ?? 0) > MOST_STATEMENTS)
  }

  async run(client: pg.PoolClient, query: CompiledQuery): Promise<QueryResult<unknown>> {
    const values = [...bindable(query.parameters)]
    const name = this.#names?.nameOf(query.sql)
    if (name === undefined) return resultOf(await client.query({ text: query.sql, values }))
    try {
      const result = await client.query({ name, text: query.sql, values })
      this.#noteParsed(client, name)
      return resultOf(result)
    } catch (error) {
      this.#judge(client, name, error)
      throw error
    }
  }

  /**
   * Whether a statement failed for its plan alone, which was made before a table changed. Its name is forgotten: run again it is
   * parsed anew. What is refused when it is first parsed is wrong by itself.
   */
  isStale(error: unknown): boolean {
    return error instanceof Error && this.#stale.has(error)
  }

  close(): Promise<void> {
    return this.#pool.end()
  }

  #judge(client: pg.PoolClient, name: string, error: unknown): void {
    if (!isFaultOfText(error)) this.#noteParsed(client, name)
    if (!(error instanceof Error) || !isStalePlan(error) || !this.#parsed.get(client)?.has(name)) return
    this.#stale.add(error)
    this.#names?.forget()
  }

  #noteParsed(client: pg.PoolClient, name: string): void {
    const parsed = this.#parsed.get(client)
    if (parsed) parsed.add(name)
    else this.#parsed.set(client, new Set([name]))
  }
}

const CHANGES: ReadonlySet<string> = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE'])

function resultOf(result: pg.QueryResult): QueryResult<unknown> {
  return CHANGES.has(result.command) ? { rows: result.rows, numAffectedRows: BigInt(result.rowCount ?? 0) } : { rows: result.rows }
}
