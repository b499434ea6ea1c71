import { isColumn, isRecord, isTableField, MARKS, type DocField, type DocType, type Document } from '@annex/protocol'
import { shownName } from '../doctypes/naming/name-for.ts'
import { formatTimestamp } from '../doctypes/values/timestamps.ts'
import { toShown } from '../doctypes/values/to-shown.ts'
import type { Stored } from '../doctypes/values/to-stored.ts'

/** A row of a DocType's table. */
export interface StoredRow {
  name: string
  owner: string
  /** UTC microseconds. */
  creation: number
  modified: number
  modified_by: string
  docstatus: number
  idx: number
  [column: string]: Stored
}

interface Shape {
  readonly columns: readonly DocField[]
  readonly tables: readonly DocField[]
  readonly passwords: readonly DocField[]
}

const shapes = new WeakMap<DocType, Shape>()

function shapeOf(doctype: DocType): Shape {
  let shape = shapes.get(doctype)
  if (!shape) {
    const { fields } = doctype
    const passwords = fields.filter((field) => field.fieldtype === 'Password')
    shapes.set(doctype, (shape = { columns: fields.filter(isColumn), tables: fields.filter(isTableField), passwords }))
  }
  return shape
}

/** The fields that have a column of their own. */
export const columnsOf = (doctype: DocType): readonly DocField[] => shapeOf(doctype).columns

/** The fields whose value is rows of a child table. */
export const tablesOf = (doctype: DocType): readonly DocField[] => shapeOf(doctype).tables

/** The fields whose value lies elsewhere, sealed. */
export const passwordsOf = (doctype: DocType): readonly DocField[] => shapeOf(doctype).passwords

export const fieldOf = (doctype: DocType, fieldname: string): DocField | undefined =>
  doctype.fields.find((field) => field.fieldname === fieldname)

/** The rows of a table field of a document; none of one that has no such field. */
export const rowsOf = (draft: Document, table: DocField): readonly Document[] => {
  const rows = draft[table.fieldname]
  return Array.isArray(rows) ? (rows.filter(isRecord) as unknown as Document[]) : []
}

/** A stored row as readers get it, in Frappe's order of keys; its table fields are the caller's to add. Without `visible`, whole. */
export function toDocument(doctype: DocType, row: StoredRow, zone: string, visible?: ReadonlySet<string>): Document {
  const document: Document = {
    name: shownName(doctype, row.name),
    owner: row.owner,
    creation: formatTimestamp(row.creation, zone),
    modified: formatTimestamp(row.modified, zone),
    modified_by: row.modified_by,
    docstatus: row.docstatus,
    idx: row.idx,
  } as Document
  for (const field of columnsOf(doctype)) {
    if (visible === undefined || visible.has(field.fieldname))
      document[field.fieldname] = toShown(field, row[field.fieldname] ?? null, zone)
  }
  if (doctype.istable) for (const key of ['parent', 'parentfield', 'parenttype']) document[key] = row[key]
  document.doctype = doctype.name
  for (const mark of MARKS) if (row[mark]) document[mark] = row[mark]
  return document
}
