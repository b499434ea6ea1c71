import { fieldKind, isTableField, type DocField, type DocType, type Document } from '@annex/protocol'
import type { ChildOf } from '../../../policy/user-permissions.ts'
import { columnsOf, tablesOf } from '../../shape.ts'

export type Changed = readonly [fieldname: string, before: string | number | null, after: string | number | null]
export type WholeRow = readonly [fieldname: string, row: Readonly<Record<string, unknown>>]
/** The place of the row is that after the change, from 0. */
export type ChangedRow = readonly [fieldname: string, place: number, row: string, changed: readonly Changed[]]

/** What a change made of a document, in the keys that Frappe's versions have. */
export interface Difference {
  readonly changed: readonly Changed[]
  readonly added: readonly WholeRow[]
  readonly removed: readonly WholeRow[]
  readonly row_changed: readonly ChangedRow[]
}

/**
 * What differs between two states of a document; undefined when nothing does.
 *
 * Of the standard fields the name and the docstatus count. Rows are the same while their names are. A secret is never told.
 */
export function differenceOf(childOf: ChildOf, doctype: DocType, before: Document, after: Document): Difference | undefined {
  const changed = [...changedIn(doctype, before, after), ...changedStandard(before, after)]
  const tables = tablesOf(doctype).map((field) => rowsDiffering(field, childOf(field.options), rowsIn(before, field), rowsIn(after, field)))
  const difference = {
    changed,
    added: tables.flatMap((table) => table.added),
    removed: tables.flatMap((table) => table.removed),
    row_changed: tables.flatMap((table) => table.row_changed),
  }
  return Object.values(difference).some((list) => list.length > 0) ? difference : undefined
}

function changedStandard(before: Document, after: Document): Changed[] {
  const renamed: Changed[] = before.name === after.name ? [] : [['name', String(before.name), String(after.name)]]
  const moved: Changed[] = before.docstatus === after.docstatus ? [] : [['docstatus', before.docstatus, after.docstatus]]
  return [...renamed, ...moved]
}

function changedIn(doctype: DocType, before: Document, after: Document): Changed[] {
  const changed: Changed[] = []
  for (const field of columnsOf(doctype)) {
    if (!isTold(field)) continue
    const [was, is] = [told(field, before[field.fieldname]), told(field, after[field.fieldname])]
    if (was !== is) changed.push([field.fieldname, was, is])
  }
  return changed
}

function rowsDiffering(
  { fieldname }: DocField,
  child: DocType | undefined,
  before: readonly Document[],
  after: readonly Document[],
): Omit<Difference, 'changed'> {
  if (!child || (before.length === 0 && after.length === 0)) return NOTHING
  const gone = new Map(before.map((row) => [row.name, row]))
  const added: WholeRow[] = []
  const row_changed: ChangedRow[] = []
  for (const [place, row] of after.entries()) {
    const known = gone.get(row.name)
    gone.delete(row.name)
    const changed = known ? changedIn(child, known, row) : []
    if (!known) added.push([fieldname, toldRow(child, row)])
    else if (changed.length > 0) row_changed.push([fieldname, place, String(row.name), changed])
  }
  return { added, removed: [...gone.values()].map((row) => [fieldname, toldRow(child, row)] as const), row_changed }
}

const NOTHING: Omit<Difference, 'changed'> = { added: [], removed: [], row_changed: [] }

const rowsIn = (document: Document, { fieldname }: DocField): readonly Document[] => {
  const rows: unknown = document[fieldname]
  return Array.isArray(rows) ? (rows as readonly Document[]) : []
}

/** The public half of an API key is half of a credential all the same. */
const isTold = (field: DocField): boolean => fieldKind(field) !== 'password' && field.fieldname !== 'api_key'

const NUMBERS: ReadonlySet<unknown> = new Set(['int', 'check', 'decimal'])

/** The value as text that can be read back, without separators or a currency; nothing is null. */
function told(field: DocField, value: unknown): string | null {
  if (NUMBERS.has(fieldKind(field))) return String(Number(value ?? 0))
  if (value === null || value === undefined || value === '') return null
  return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value)
}

function toldRow(child: DocType, row: Document): Record<string, unknown> {
  const secret = new Set(child.fields.filter((field) => !isTold(field) || isTableField(field)).map((field) => field.fieldname))
  return Object.fromEntries(Object.entries(row).filter(([key]) => !secret.has(key)))
}
