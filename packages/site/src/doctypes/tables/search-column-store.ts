import type { Connection } from '@annex/database'
import type { DocType } from '@annex/protocol'
import { hiddenColumns, searchedFields } from '../search-text.ts'
import { tableName } from '../table-name.ts'

type Tables = Record<string, Record<string, string | null>>

const BATCH = 500

/** Makes what link search looks through anew, for every document, after other fields are to be searched. */
export async function fillSearch(connection: Connection, doctype: DocType): Promise<void> {
  const table = tableName(doctype.name)
  const documents = connection.withTables<Tables>()
  const columns = ['name', ...searchedFields(doctype)]
  let last = ''
  for (;;) {
    // Primary key (name), from the last one on.
    const rows = await documents.selectFrom(table).select(columns).where('name', '>', last).orderBy('name').limit(BATCH).execute()
    for (const row of rows) {
      last = String(row['name'])
      // Primary key (name).
      await documents
        .updateTable(table)
        .set({ _search: hiddenColumns(doctype, last, row)._search })
        .where('name', '=', last)
        .execute()
    }
    if (rows.length < BATCH) return
  }
}
