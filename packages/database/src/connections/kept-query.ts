import type { Compilable, CompiledQuery, DatabaseConnection, DialectAdapter, Insertable, InsertQueryBuilder, InsertResult } from 'kysely'
import type { Connection } from '../database.ts'

/** A query whose text is made once; it takes its values at each call. */
export type KeptQuery<Values, Row> = (connection: Connection, values: Values) => Promise<Row[]>

/** Stands where the value of that name goes. */
class Place {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** Gives a place for whatever is asked of it. */
const PLACES: object = new Proxy({}, { get: (_, name) => new Place(String(name)) })

/**
 * A query for the path of very many requests: its text is made at the first call on each engine and kept, which spares
 * each later one as much as many a query itself takes.
 *
 * @param build - makes the query. It must hand each value on as it is, and neither look at one nor change it: what it is
 * given are the places where values will go
 */
export function keptQuery<Values extends object, Row>(
  build: (connection: Connection, values: Values) => Compilable<Row>,
): KeptQuery<Values, Row> {
  const textOf = keptText((connection) => build(connection, PLACES as Values).compile())
  return (connection, values) => {
    // A plugin may want to see or change each query.
    if (hasPlugins(connection)) return run<Row>(connection, build(connection, values).compile())
    const { sql, query, queryId, parameters } = textOf(connection)
    const given = parameters.map((value) => (value instanceof Place ? valueOf(values, value.name) : value))
    return run<Row>(connection, { sql, query, queryId, parameters: given })
  }
}

/**
 * Runs a query that its owner keeps, with values of now in the places of those that it was made with; as short a way as a
 * `keptQuery` takes.
 *
 * @param query - compiled once on a connection of this engine
 */
export function runKept<Row>(connection: Connection, query: CompiledQuery<Row>, parameters: readonly unknown[]): Promise<Row[]> {
  return run<Row>(connection, { sql: query.sql, query: query.query, queryId: query.queryId, parameters })
}

/** Rows in one statement: any number of rows makes few statements, and few texts. */
const SIZES = [64, 16, 4, 2, 1] as const

/** A statement that inserts rows; what is to be done with rows that are there already, and what comes back, is laid on it. */
type KeptInsertion<Row> = InsertQueryBuilder<Record<string, Row>, string, InsertResult>

/**
 * Inserts rows by statements that are kept, as `keptQuery` keeps its own. Each row has each of the columns.
 *
 * @param finish - lays a conflict clause or `returning` on the statement; what that returns comes back, of all rows
 */
export function keptInsert<Row extends object, Returned = never>(
  table: string,
  columns: readonly (keyof Row & string)[],
  finish: (insertion: KeptInsertion<Row>) => Compilable = (insertion) => insertion,
): (connection: Connection, rows: readonly Row[]) => Promise<Returned[]> {
  const insert = (connection: Connection, rows: readonly Row[]): Compilable =>
    finish(
      connection
        .withTables<Record<string, Row>>()
        .insertInto(table)
        .values(rows as readonly Insertable<Row>[]),
    )
  const place = Object.fromEntries(columns.map((name) => [name, new Place(name)])) as Row
  const rowsOf = (size: number): Row[] => Array.from({ length: size }, () => place)
  const bySize = SIZES.map((size) => ({ size, textOf: keptText((connection) => insert(connection, rowsOf(size)).compile()) }))
  return async (connection, rows) => {
    const returned: Returned[] = []
    for (let done = 0; done < rows.length;) {
      const { size, textOf } = bySize.find((each) => each.size <= rows.length - done)!
      const some = rows.slice(done, done + size)
      const parameters = some.flatMap((row) => columns.map((name) => row[name]))
      const query = hasPlugins(connection) ? insert(connection, some).compile() : { ...textOf(connection), parameters }
      returned.push(...(await run<Returned>(connection, query)))
      done += size
    }
    return returned
  }
}

const valueOf = (values: object, name: string): unknown => (values as Readonly<Record<string, unknown>>)[name]
const hasPlugins = (connection: Connection): boolean => connection.getExecutor().plugins.length > 0

function keptText(make: (connection: Connection) => CompiledQuery): (connection: Connection) => CompiledQuery {
  // By the adapter, which a database and its transactions keep for themselves.
  const made = new WeakMap<DialectAdapter, CompiledQuery>()
  return (connection) => {
    const { adapter } = connection.getExecutor()
    const known = made.get(adapter)
    if (known) return known
    const query = make(connection)
    made.set(adapter, query)
    return query
  }
}

const direct = new WeakMap<Connection, DatabaseConnection>()

/** Says where the single statements of a database run, so that a kept one is handed over without Kysely's ceremony. */
export function runsOn(connection: Connection, target: DatabaseConnection): void {
  direct.set(connection, target)
}

async function run<Row>(connection: Connection, query: CompiledQuery): Promise<Row[]> {
  const { rows } = await (direct.get(connection) ?? connection).executeQuery<Row>(query)
  return rows
}
