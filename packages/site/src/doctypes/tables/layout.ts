import type { Connection, Dialect } from '@annex/database'
import type { DocType } from '@annex/protocol'
import { sql } from 'kysely'
import { tellWork, type OnWork } from '../release/release-work.ts'
import { tableName } from '../table-name.ts'
import { standardColumns } from './columns.ts'
import { createIndex, dropIndex, indexesOf } from './indexes.ts'

/** As `indexesOf` names them. */
const OURS = /^(?:unique|index)_[0-9a-f]{12}_/

/**
 * Gives the table of a DocType the columns and indexes that every table has today; what another release made otherwise goes.
 *
 * @param onWork - hears of what takes long because there are many documents
 */
export async function followLayout(connection: Connection, dialect: Dialect, doctype: DocType, onWork: OnWork): Promise<void> {
  const table = tableName(doctype.name)
  const columns = new Set(await dialect.columnsOf(connection, table))
  for (const [name, column] of standardColumns(dialect, doctype))
    if (!columns.has(name)) await sql`alter table ${sql.id(table)} add column ${column}`.execute(connection)
  await dropOtherIndexes(connection, dialect, doctype)
  const there = new Set(await dialect.indexesOf(connection, table))
  const lacking = indexesOf(doctype).filter(({ name }) => !there.has(name))
  const search = doctype.istable ? [] : await dialect.searchIndex.follow(connection, table)
  if (lacking.length === 0 && search.length === 0) return
  const [name, documents] = [doctype.name, await countRows(connection, table)]
  for (const index of lacking)
    await tellWork({ doctype: name, what: `the index on ${index.columns.join(', ')}`, documents }, onWork, () =>
      createIndex(connection, dialect, doctype, index),
    )
  if (search.length === 0) return
  await tellWork({ doctype: name, what: 'the search index', documents }, onWork, async () => {
    for (const statement of search) await statement.execute(connection)
  })
}

/** Reads any index of the table whole, which what is made of it takes many times as long as. */
async function countRows(connection: Connection, table: string): Promise<number> {
  const { rows } = await sql<{ rows: number }>`select count(*) as rows from ${sql.table(table)}`.execute(connection)
  return rows[0]?.rows ?? 0
}

/** What another release indexed and this one does not: in the way of a column that changes, too. */
export async function dropOtherIndexes(connection: Connection, dialect: Dialect, doctype: DocType): Promise<void> {
  const wanted = new Set(indexesOf(doctype).map((index) => index.name))
  for (const name of await dialect.indexesOf(connection, tableName(doctype.name)))
    if (OURS.test(name) && !wanted.has(name)) await dropIndex(connection, { name })
}
