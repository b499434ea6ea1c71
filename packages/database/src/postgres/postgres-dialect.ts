import { sql } from 'kysely'
import type { ColumnKind, Dialect } from '../dialect.ts'
import { LAYOUT_LOCK } from './layout-lock.ts'
import { partName, quoted } from '../identifiers.ts'
import { foldedPattern } from '../values/patterns.ts'
import { listPostgresTables } from './postgres-catalog.ts'
import { postgresSearchIndex } from './postgres-search-index.ts'
import { isPostgresBadValue, isPostgresBusy, isPostgresFault, postgresViolation } from './postgres-errors.ts'

const OTHER_TYPES: Partial<Record<ColumnKind, string>> = {
  int: 'bigint',
  check: 'bigint',
  flag: 'bigint',
  micros: 'bigint',
  datetime: 'bigint',
  decimal: 'numeric(21, 9)',
  blob: 'bytea',
}

export const postgresDialect: Dialect = {
  engine: 'postgres',
  lockRows: sql`for update`,
  lockFreeRows: sql`for update skip locked`,
  keepRows: sql`for key share`,

  // Collation C orders by code points and lets an index serve prefixes.
  columnType: (kind) => OTHER_TYPES[kind] ?? 'text collate "C"',
  order: (expression, descending = false) => (descending ? sql`${expression} desc nulls last` : sql`${expression} asc nulls first`),
  fold: (expression) => sql`annex_fold(${expression})`,
  oneOf: (expression, texts) => sql`${expression} = any(${texts}::text[])`,
  position: (expression, text) => sql`strpos(${expression}, ${text})`,
  sum: (expression) => sql`sum(${expression})`,
  average: (expression) => sql`annex_average(sum(${expression}), count(${expression}))`,

  like(expression, pattern, negate = false) {
    const folded = foldedPattern(pattern)
    return negate ? sql`annex_fold(${expression}) not like ${folded} escape ''` : sql`annex_fold(${expression}) like ${folded} escape ''`
  },

  searchIndex: postgresSearchIndex,

  // Nulls first, because only then an index serves `order` in both directions.
  createIndex(table, columns, options = {}) {
    const name = quoted(partName(table, columns.join('~')))
    const list = columns.map((column) => `${quoted(column)} nulls first`).join(', ')
    return sql.raw(`create ${options.unique ? 'unique ' : ''}index if not exists ${name} on ${quoted(table)} (${list})`)
  },

  along: () => undefined,

  uniqueViolation: postgresViolation,
  isBusy: isPostgresBusy,
  isBadValue: isPostgresBadValue,
  isFault: isPostgresFault,

  async tableExists(connection, table) {
    const { rows } = await sql`select 1 from pg_tables where schemaname = current_schema() and tablename = ${table}`.execute(connection)
    return rows.length > 0
  },

  async columnsOf(connection, table) {
    const { rows } = await sql<{ name: string }>`
      select column_name as name from information_schema.columns
      where table_schema = current_schema() and table_name = ${table} order by ordinal_position`.execute(connection)
    return rows.map((row) => row.name)
  },

  async indexesOf(connection, table) {
    const { rows } = await sql<{ name: string }>`
      select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid
      where i.indrelid = to_regclass(quote_ident(current_schema()) || '.' || quote_ident(${table})) and not i.indisprimary order by 1`.execute(
      connection,
    )
    return rows.map((row) => row.name)
  },

  listTables: listPostgresTables,

  async lockMigrations(connection) {
    await sql`select pg_advisory_xact_lock(${LAYOUT_LOCK})`.execute(connection)
  },
}
