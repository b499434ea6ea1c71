import { sql, type RawBuilder } from 'kysely'
import type { Connection } from '../database.ts'
import type { Dialect } from '../dialect.ts'
import { isSearched, keyOf, type ColumnShape, type TableShape } from './shape.ts'

/** Makes the table, empty and without indexes, so that filling it is quick. */
export async function createShapedTable(connection: Connection, dialect: Dialect, table: TableShape): Promise<void> {
  const columns = table.columns.map((column) => columnLine(dialect, column))
  const key = keyOf(table)
  const primary = key.length > 0 ? [sql`primary key (${sql.join(key.map((name) => sql.id(name)))})`] : []
  const order = sql.raw(table.keyed && dialect.engine === 'sqlite' ? ' without rowid' : '')
  await sql`create table ${sql.id(table.name)} (${sql.join([...columns, ...primary])})${order}`.execute(connection)
}

function columnLine(dialect: Dialect, { name, kind, required, fallback }: ColumnShape): RawBuilder<unknown> {
  const given = fallback === null ? sql`` : sql` default ${sql.lit(fallback)}`
  return sql`${sql.id(name)} ${sql.raw(dialect.columnType(kind))}${sql.raw(required ? ' not null' : '')}${given}`
}

/** Makes the indexes of a table that has been filled, that for search included. */
export async function createShapedIndexes(connection: Connection, dialect: Dialect, table: TableShape): Promise<void> {
  for (const { name, unique, columns } of table.indexes) {
    const list = columns.map((column) => dialect.order(sql.id(column.name), column.descending))
    const kind = sql.raw(unique ? 'unique index' : 'index')
    await sql`create ${kind} ${sql.id(name)} on ${sql.id(table.name)} (${sql.join(list)})`.execute(connection)
  }
  if (!isSearched(table)) return
  for (const statement of dialect.searchIndex.create(table.name)) await statement.execute(connection)
}

/** Removes a table with all that belongs to it. */
export async function dropShapedTable(connection: Connection, dialect: Dialect, table: TableShape): Promise<void> {
  if (isSearched(table)) for (const statement of dialect.searchIndex.drop(table.name)) await statement.execute(connection)
  await sql`drop table ${sql.id(table.name)}`.execute(connection)
}
