import {
  CHILD_FIELDS,
  fieldKind,
  isColumn,
  isRecord,
  isTableField,
  MARKS,
  STANDARD_FIELDS,
  type DocField,
  type DocType,
  type Document,
  type FieldKind,
} from '@annex/protocol'
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

/** How rows become documents for all who see the same fields of a DocType. */
interface Showing {
  readonly zone: string
  /** Every key in its place. An object that is copied is one of a kind to the engine, and one that grows key by key is slow to read. */
  readonly template: Document
  readonly shown: readonly { readonly fieldname: string; readonly show: (stored: Stored) => Stored }[]
}

const EVERYTHING: ReadonlySet<string> = new Set()
const showings = new WeakMap<DocType, WeakMap<ReadonlySet<string>, Showing>>()

/** Kept for as long as the DocType and the set of fields are: both are replaced, never altered. */
function showingOf(doctype: DocType, zone: string, visible: ReadonlySet<string> = EVERYTHING): Showing {
  let ofDocType = showings.get(doctype)
  if (!ofDocType) showings.set(doctype, (ofDocType = new WeakMap()))
  let showing = ofDocType.get(visible)
  if (showing?.zone !== zone) ofDocType.set(visible, (showing = makeShowing(doctype, zone, visible)))
  return showing
}

function makeShowing(doctype: DocType, zone: string, visible: ReadonlySet<string>): Showing {
  const fields = columnsOf(doctype).filter(({ fieldname }) => visible === EVERYTHING || visible.has(fieldname))
  const names = [...STANDARD_FIELDS, ...fields.map(({ fieldname }) => fieldname), ...(doctype.istable ? CHILD_FIELDS : []), 'doctype']
  // Text that is parsed makes such an object; keys that are set one after the other do not.
  const template = JSON.parse(`{${names.map((name) => `${JSON.stringify(name)}:null`).join(',')}}`) as Document
  template.doctype = doctype.name
  return { zone, template, shown: fields.map((field) => ({ fieldname: field.fieldname, show: showerOf(field, zone) })) }
}

function showerOf(field: DocField, zone: string): (stored: Stored) => Stored {
  const kind = fieldKind(field)
  return kind !== undefined && AS_STORED.has(kind) ? itself : (stored) => toShown(field, stored, zone)
}

/** What `toShown` leaves as it is. */
const AS_STORED: ReadonlySet<FieldKind> = new Set(['short', 'text', 'json', 'date'])
const itself = (stored: Stored): Stored => stored

/** A stored row as readers get it, in Frappe's order of keys; its table fields are the caller's to add. Without `visible`, whole. */
export function toDocument(doctype: DocType, row: StoredRow, zone: string, visible?: ReadonlySet<string>): Document {
  const { template, shown } = showingOf(doctype, zone, visible)
  const document: Document = { ...template }
  document.name = shownName(doctype, row.name) as string
  document.owner = row.owner
  document.creation = formatTimestamp(row.creation, zone)
  document.modified = formatTimestamp(row.modified, zone)
  document.modified_by = row.modified_by
  document.docstatus = row.docstatus
  document.idx = row.idx
  for (const { fieldname, show } of shown) document[fieldname] = show(row[fieldname] ?? null)
  if (doctype.istable) for (const key of CHILD_FIELDS) document[key] = row[key]
  for (const mark of MARKS) if (row[mark]) document[mark] = row[mark]
  return document
}
