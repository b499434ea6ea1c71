import type { CompiledQuery, QueryResult } from 'kysely'
import pg from 'pg'
import { bindable } from '../values/bad-value.ts'
import { NamedStatements } from './named-statements.ts'
import { isStalePlan } from './postgres-errors.ts'

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
  readonly #used = new WeakMap<pg.PoolClient, Set<string>>()

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
    client.release(broken || (this.#used.get(client)?.size ?? 0) > MOST_STATEMENTS)
  }

  async run(client: pg.PoolClient, query: CompiledQuery): Promise<QueryResult<unknown>> {
    const values = [...bindable(query.parameters)]
    const name = this.#nameOf(client, query.sql)
    try {
      return resultOf(await client.query(name === undefined ? { text: query.sql, values } : { name, text: query.sql, values }))
    } catch (error) {
      if (isStalePlan(error)) this.#names?.forget()
      throw error
    }
  }

  close(): Promise<void> {
    return this.#pool.end()
  }

  #nameOf(client: pg.PoolClient, text: string): string | undefined {
    const name = this.#names?.nameOf(text)
    if (name === undefined) return undefined
    const used = this.#used.get(client)
    if (used) used.add(name)
    else this.#used.set(client, new Set([name]))
    return name
  }
}

const CHANGES: ReadonlySet<string> = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE'])

function resultOf(result: pg.QueryResult): QueryResult<unknown> {
  return CHANGES.has(result.command) ? { rows: result.rows, numAffectedRows: BigInt(result.rowCount ?? 0) } : { rows: result.rows }
}
