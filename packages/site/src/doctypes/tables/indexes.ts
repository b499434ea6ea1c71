import type { Connection, Dialect } from '@annex/database'
import { invalid } from '@annex/protocol'
import type { DocField, DocType } from '@annex/protocol'
import { sql } from 'kysely'
import { columnFields } from './columns.ts'
import { fitsIndex } from '../definition/fits-index.ts'
import { shortHash, tableName } from '../table-name.ts'

export interface Index {
  readonly name: string
  readonly columns: readonly string[]
  readonly unique: boolean
}

/** Read backwards it is `modified desc, name`, the order of lists that name none. */
const BY_TIME: readonly string[] = ['modified', 'name']

/** Where a DocType's own queries want others than one for each searched field. */
const CHOSEN: ReadonlyMap<string, readonly (readonly string[])[]> = new Map([
  // What changed of one document, the latest first. Nothing asks for the versions of a whole DocType, and they keep none from being removed.
  ['Version', [['docname', 'ref_doctype', 'creation']]],
])

/** The name of the index by which a main table is read in the order of its latest changes. */
export const timeIndexOf = (doctype: DocType): string => indexOn(doctype, BY_TIME).name

function indexOn(doctype: DocType, columns: readonly string[], unique = false): Index {
  const hash = shortHash([tableName(doctype.name), ...columns].join('\n'))
  return { name: `${unique ? 'unique' : 'index'}_${hash}_${columns.join('_')}`.slice(0, 63), columns, unique }
}

/** The indexes that a DocType's table has; a name stands for one table, its columns and whether it is unique. */
export function indexesOf(doctype: DocType): Index[] {
  const index = (columns: readonly string[], unique = false): Index => indexOn(doctype, columns, unique)
  const fields = columnFields(doctype)
  return [
    ...(doctype.istable ? [index(['parent', 'parentfield', 'idx'])] : [index(['_key'], true), index(BY_TIME)]),
    ...fields.filter((field) => field.unique).map((field) => index([field.fieldname], true)),
    ...(CHOSEN.get(doctype.name) ?? searchedColumns(doctype, fields)).map((columns) => index(columns)),
  ]
}

/** Each with the name: documents that share a value come by name in a list, and need not be sorted for it. */
const searchedColumns = (doctype: DocType, fields: readonly DocField[]): string[][] =>
  fields.filter((field) => isSearched(doctype, field)).map((field) => [field.fieldname, 'name'])

/** Link columns too: a document is not removed before all that links to it has been looked for. */
function isSearched(doctype: DocType, field: DocField): boolean {
  if (field.unique || !fitsIndex(field)) return false
  return field.search_index || field.fieldtype === 'Link' || (field.fieldname === doctype.title_field && !doctype.istable)
}

/** @throws {FrappeError} `ValidationError` when it is unique and two documents have the same value */
export async function createIndex(connection: Connection, dialect: Dialect, doctype: DocType, index: Index): Promise<void> {
  const columns = index.columns.map((column) => dialect.order(sql.ref(column), index.columns === BY_TIME && column === 'name'))
  const kind = sql.raw(index.unique ? 'unique index' : 'index')
  try {
    await sql`create ${kind} ${sql.id(index.name)} on ${sql.table(tableName(doctype.name))} (${sql.join(columns)})`.execute(connection)
  } catch (error) {
    if (dialect.uniqueViolation(error) === undefined) throw error
    throw invalid(
      `Field ${index.columns.join()}: documents of ${doctype.name} share a value, so it cannot be unique; make their values differ first`,
    )
  }
}

/** Nothing happens when it is not there: another release may have made the table with others. */
export async function dropIndex(connection: Connection, index: Pick<Index, 'name'>): Promise<void> {
  await sql`drop index if exists ${sql.id(index.name)}`.execute(connection)
}
