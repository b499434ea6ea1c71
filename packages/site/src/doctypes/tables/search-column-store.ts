import type { Connection } from '@annex/database'
import type { DocType } from '@annex/protocol'
import { hiddenColumns, searchedFields } from '../search-text.ts'
import { tableName } from '../table-name.ts'
import { ColumnWriter, rowsOf } from './refill-store.ts'

/** Makes what link search looks through anew, for every document, after other fields are to be searched. */
export async function fillSearch(connection: Connection, doctype: DocType): Promise<void> {
  const table = tableName(doctype.name)
  const writer = new ColumnWriter(connection, { table, column: '_search', type: 'text' })
  for await (const rows of rowsOf(connection, table, searchedFields(doctype)))
    await writer.write(rows.map((row) => [row.name, hiddenColumns(doctype, row.name, row)._search]))
}
