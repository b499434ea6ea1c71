import { CHILD_FIELDS, STANDARD_FIELDS, isColumn, isRecord, isTableField, type DocType, type Document } from '@annex/protocol'
import type { Row } from '../backend/backend.ts'
import { fieldsWithin, readableLevels, visibleFields } from '../policy/field-levels.ts'
import type { Principal } from '../policy/principal.ts'
import type { Related } from './definitions.ts'

/** The document as the caller may see it, with null for what is empty: over the wire that was left out. */
export function wholeDocument(principal: Principal, { doctype, of }: Related, document: Document): Document {
  const seen = visibleFields(principal, doctype, 'read')
  const levels = readableLevels(principal, doctype)
  const tables = doctype.fields.filter((field) => isTableField(field) && seen.has(field.fieldname))
  const rows = tables.map((field) => [field.fieldname, rowsOf(document[field.fieldname], of(field.options), levels)])
  return { ...columnsOf(doctype, seen, document), doctype: doctype.name, ...Object.fromEntries(rows) } as Document
}

/** The levels of rows are the parent's to open. */
function rowsOf(rows: unknown, child: DocType | undefined, levels: ReadonlySet<number>): Row[] {
  if (!child || !Array.isArray(rows)) return []
  const seen = fieldsWithin(child.fields, levels)
  return rows.filter(isRecord).map((row) => ({ ...columnsOf(child, seen, row), doctype: child.name }))
}

/** Standard fields, then the DocType's own, then what ties a row to its parent. */
function columnsOf(doctype: DocType, seen: ReadonlySet<string>, values: Readonly<Record<string, unknown>>): Row {
  const own = doctype.fields.filter((field) => isColumn(field) && seen.has(field.fieldname)).map((field) => field.fieldname)
  const names = [...STANDARD_FIELDS, ...own, ...(doctype.istable ? CHILD_FIELDS : [])]
  return Object.fromEntries(names.map((name) => [name, values[name] ?? null]))
}
