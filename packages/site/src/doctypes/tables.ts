import type { Connection, Dialect } from '@annex/database'
import { invalid, isColumn } from '@annex/protocol'
import type { DocField, DocType } from '@annex/protocol'
import { sql } from 'kysely'
import { columnFields, columnType, columnsFor, fieldColumn, indexesOf, keepsValues } from './columns.ts'
import type { Index } from './columns.ts'
import { hiddenColumns, searchedFields } from './search-text.ts'
import { tableName } from './table-name.ts'
import { toStored } from './values/to-stored.ts'

type Tables = Record<string, Record<string, unknown>>

const BATCH = 500

/** Makes the table of a DocType's documents, empty, with its indexes. */
export async function createTable(connection: Connection, dialect: Dialect, doctype: DocType): Promise<void> {
  const table = tableName(doctype.name)
  await sql`create table ${sql.table(table)} (${sql.join(columnsFor(dialect, doctype))})`.execute(connection)
  for (const index of indexesOf(doctype)) await createIndex(connection, dialect, table, index)
  if (!doctype.istable) await dialect.searchIndex.create(connection, table)
}

/** Removes the table and all that is in it. */
export async function dropTable(connection: Connection, dialect: Dialect, doctype: DocType): Promise<void> {
  const table = tableName(doctype.name)
  if (!doctype.istable) await dialect.searchIndex.drop(connection, table)
  await sql`drop table ${sql.table(table)}`.execute(connection)
}

/**
 * Makes the table follow its changed definition; documents keep their values. A field that is gone keeps
 * its column, and gets it back when it returns. A new field's column begins with the field's default.
 *
 * @throws {FrappeError} `ValidationError` when stored values would not fit: a type that is not wider,
 * or a unique field whose values are not
 */
export async function syncTable(connection: Connection, dialect: Dialect, next: DocType, previous: DocType): Promise<void> {
  const table = tableName(next.name)
  if (next.istable !== previous.istable) throw invalid(`DocType ${next.name}: whether it is a child table cannot change; make a new DocType`)
  const before = new Map(previous.fields.filter(isColumn).map((field) => [field.fieldname, field]))
  const columns = await dialect.columnsOf(connection, table)
  for (const field of columnFields(next)) {
    const type = columns.get(field.fieldname)
    const old = before.get(field.fieldname)
    if (type === undefined) await addColumn(connection, dialect, table, field)
    else if (old) await widenColumn(connection, dialect, table, field, old)
    else await takeBackColumn(connection, dialect, table, field, type)
  }
  await syncIndexes(connection, dialect, next, previous)
  const searched = searchedFields(next).join() !== searchedFields(previous).join()
  if (searched && !next.istable) await fillSearch(connection, next)
}
