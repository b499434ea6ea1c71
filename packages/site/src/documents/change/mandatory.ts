import { FrappeError, fieldKind, isRecord, isTableField, type DocField, type DocType, type Document } from '@annex/protocol'
import type { Premises } from '../premises.ts'
import { tablesOf } from '../shape.ts'

interface Missing {
  readonly fieldname: string
  readonly message: string
}

/** @throws {FrappeError} `MandatoryError` with one message for each required field that is empty, in rows too */
export function checkMandatory(premises: Premises, doctype: DocType, draft: Document): void {
  const own = missingIn(doctype, draft, (field) => `Error: Value missing for ${doctype.name}: ${field.label}`)
  const inRows = tablesOf(doctype).flatMap((table) =>
    rowsOf(draft, table).flatMap((row, index) =>
      missingIn(
        premises.doctypes.require(table.options),
        row,
        (field) => `Error: Row ${index + 1} of ${table.label}: Value missing for: ${field.label}`,
      ),
    ),
  )
  const missing = [...own, ...inRows]
  if (missing.length === 0) return
  const fields = [...new Set(missing.map(({ fieldname }) => fieldname))]
  throw new FrappeError('MandatoryError', `[${doctype.name}, ${draft.name}]: ${fields.join(', ')}`, {
    messages: missing.map(({ message }) => message),
  })
}

function missingIn(doctype: DocType, values: Record<string, unknown>, message: (field: DocField) => string): Missing[] {
  return doctype.fields
    .filter((field) => field.reqd && fieldKind(field) !== undefined && isMissing(field, values[field.fieldname]))
    .map((field) => ({ fieldname: field.fieldname, message: message(field) }))
}

/** Markup around nothing is nothing. */
function isMissing(field: DocField, value: unknown): boolean {
  if (isTableField(field)) return !Array.isArray(value) || value.length === 0
  if (value === undefined || value === null) return true
  return typeof value === 'string' && !value.includes('<img') && value.replaceAll(/<[^>]*>/g, '').trim() === ''
}

export const rowsOf = (draft: Document, table: DocField): readonly Document[] => {
  const rows = draft[table.fieldname]
  return Array.isArray(rows) ? (rows.filter(isRecord) as unknown as Document[]) : []
}
