import { openDatabase, type Connection } from '@annex/database'
import { isColumn, type DocType } from '@annex/protocol'
import { DocTypes } from '../../../packages/site/src/doctypes/doctypes.ts'
import { hiddenColumns } from '../../../packages/site/src/doctypes/search-text.ts'
import { toStored, type Stored } from '../../../packages/site/src/doctypes/values/to-stored.ts'
import { dialectOf } from '../../../packages/database/src/dialect-of.ts'
import { DocumentStore } from '../../../packages/site/src/documents/document-store.ts'
import { itemCode, itemValues } from './item-doctype.ts'

const BATCH = 10_000

/**
 * Writes the Items that the site has not made itself straight into its tables, with what its own verbs would write: a
 * million of them over HTTP would take longer than the measurement. The site must not be running.
 */
export async function fillItems(databaseUrl: string, from: number, to: number): Promise<void> {
  const database = await openDatabase(databaseUrl)
  try {
    const doctypes = new DocTypes(database)
    await doctypes.load()
    const [item, store] = [doctypes.require('Item'), new DocumentStore(dialectOf(database.engine))]
    for (let begin = from; begin < to; begin += BATCH)
      await database.transaction((connection) => insertItems(connection, store, item, begin, Math.min(begin + BATCH, to)))
  } finally {
    await database.close()
  }
}

async function insertItems(connection: Connection, store: DocumentStore, item: DocType, from: number, to: number): Promise<void> {
  for (let index = from; index < to; index += 1) {
    const [name, values] = [itemCode(index), itemValues(index)]
    const stamp = 1_700_000_000_000_000 + index
    const columns = item.fields.filter(isColumn).map((field) => [field.fieldname, toStored(field, values[field.fieldname], 'UTC')] as const)
    const stored: Record<string, Stored> = Object.fromEntries(columns)
    const standard = { owner: 'Administrator', creation: stamp, modified: stamp, modified_by: 'Administrator', docstatus: 0, idx: 0 }
    await store.insertRow(connection, item, { name, ...standard, ...stored }, hiddenColumns(item, name, stored))
  }
}
