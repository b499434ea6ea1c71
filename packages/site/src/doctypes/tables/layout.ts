import type { Connection, Dialect } from '@annex/database'
import type { DocType } from '@annex/protocol'
import { sql } from 'kysely'
import { tableName } from '../table-name.ts'
import { standardColumns } from './columns.ts'
import { createIndex, dropIndex, indexesOf } from './indexes.ts'

/** As `indexesOf` names them. */
const OURS = /^(?:unique|index)_[0-9a-f]{12}_/

/** Gives the table of a DocType the columns and indexes that every table has today; what another release made otherwise goes. */
export async function followLayout(connection: Connection, dialect: Dialect, doctype: DocType): Promise<void> {
  const table = tableName(doctype.name)
  const columns = new Set(await dialect.columnsOf(connection, table))
  for (const [name, column] of standardColumns(dialect, doctype))
    if (!columns.has(name)) await sql`alter table ${sql.id(table)} add column ${column}`.execute(connection)
  await dropOtherIndexes(connection, dialect, doctype)
  const there = new Set(await dialect.indexesOf(connection, table))
  for (const index of indexesOf(doctype)) if (!there.has(index.name)) await createIndex(connection, dialect, doctype, index)
  if (doctype.istable) return
  for (const statement of await dialect.searchIndex.follow(connection, table)) await statement.execute(connection)
}

/** What another release indexed and this one does not: in the way of a column that changes, too. */
export async function dropOtherIndexes(connection: Connection, dialect: Dialect, doctype: DocType): Promise<void> {
  const wanted = new Set(indexesOf(doctype).map((index) => index.name))
  for (const name of await dialect.indexesOf(connection, tableName(doctype.name)))
    if (OURS.test(name) && !wanted.has(name)) await dropIndex(connection, { name })
}
