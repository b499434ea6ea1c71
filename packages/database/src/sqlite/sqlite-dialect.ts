import { sql } from 'kysely'
import { BadValue } from '../values/bad-value.ts'
import type { ColumnKind, Dialect, UniqueViolation } from '../dialect.ts'
import { partName, quoted } from '../identifiers.ts'
import { foldedPattern } from '../values/patterns.ts'
import { listSqliteTables } from './sqlite-catalog.ts'
import { sqliteSearchIndex } from './sqlite-search-index.ts'
import { isSqliteBusy, isSqliteError } from './sqlite-errors.ts'

const NUMBERS: ReadonlySet<ColumnKind> = new Set(['int', 'check', 'flag', 'micros', 'datetime'])

export const sqliteDialect: Dialect = {
  engine: 'sqlite',
  lockRows: sql``,
  lockFreeRows: sql``,
  keepRows: sql``,
  searchIndex: sqliteSearchIndex,

  columnType(kind) {
    if (kind === 'decimal') return 'real'
    if (kind === 'blob') return 'blob'
    return NUMBERS.has(kind) ? 'integer' : 'text'
  },

  order: (expression, descending = false) => (descending ? sql`${expression} desc` : sql`${expression} asc`),
  fold: (expression) => sql`annex_fold(${expression})`,
  oneOf: (expression, texts) => sql`${expression} in (select value from json_each(${JSON.stringify(texts)}))`,
  position: (expression, text) => sql`instr(${expression}, ${text})`,
  sum: (expression) => sql`annex_sum(${expression})`,
  average: (expression) => sql`annex_average(${expression})`,

  like(expression, pattern, negate = false) {
    const folded = foldedPattern(pattern)
    return negate ? sql`annex_fold(${expression}) not like ${folded}` : sql`annex_fold(${expression}) like ${folded}`
  },

  createIndex(table, columns, options = {}) {
    const name = quoted(partName(table, columns.join('~')))
    return sql.raw(
      `create ${options.unique ? 'unique ' : ''}index if not exists ${name} on ${quoted(table)} (${columns.map(quoted).join(', ')})`,
    )
  },

  along: (index) => sql`indexed by ${sql.id(index)}`,

  uniqueViolation(error) {
    if (!isSqliteError(error)) return undefined
    const primary = error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY' || error.code === 'SQLITE_CONSTRAINT_ROWID'
    return primary || error.code === 'SQLITE_CONSTRAINT_UNIQUE' ? violationIn(error.message, primary) : undefined
  },

  isBusy: isSqliteBusy,
  isBadValue: (error) => error instanceof BadValue,
  isFault: isSqliteError,

  async tableExists(connection, table) {
    const { rows } = await sql`select 1 from sqlite_schema where type = 'table' and name = ${table}`.execute(connection)
    return rows.length > 0
  },

  async columnsOf(connection, table) {
    const { rows } = await sql<{ name: string }>`select name from pragma_table_info(${table}) order by cid`.execute(connection)
    return rows.map((row) => row.name)
  },

  async indexesOf(connection, table) {
    const { rows } = await sql<{ name: string }>`select name from pragma_index_list(${table}) where origin = 'c' order by name`.execute(
      connection,
    )
    return rows.map((row) => row.name)
  },

  listTables: listSqliteTables,

  // Transactions take turns, between processes too.
  async lockMigrations() {},
}

// UNIQUE constraint failed: tabCustomer.name, tabCustomer.company
function violationIn(message: string, primary: boolean): UniqueViolation {
  const places = message.slice(message.indexOf(': ') + 2).split(', ')
  const columns = places.map((place) => place.slice(place.lastIndexOf('.') + 1))
  const first = places[0] ?? ''
  const table = first.slice(0, Math.max(0, first.lastIndexOf('.')))
  return { columns, primary, ...(table ? { table } : {}) }
}
