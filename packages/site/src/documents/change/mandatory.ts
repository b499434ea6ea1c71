import { FrappeError, fieldKind, isTableField, type DocField, type DocType, type Document } from '@annex/protocol'
import type { Facts } from '../../doctypes/definition/expression.ts'
import type { Premises } from '../premises.ts'
import { rowsOf, tablesOf } from '../shape.ts'
import { holds } from './rules/depends-on.ts'

interface Missing {
  readonly fieldname: string
  readonly message: string
}

/** @throws {FrappeError} `MandatoryError` with one message for each required field that is empty, in rows too */
export function checkMandatory(premises: Premises, doctype: DocType, draft: Document): void {
  const own = missingIn(doctype, { doc: draft }, (field) => `Error: Value missing for ${doctype.name}: ${field.label}`)
  const inRows = tablesOf(doctype).flatMap((table) =>
    rowsOf(draft, table).flatMap((row, index) =>
      missingIn(
        premises.doctypes.require(table.options),
        { doc: row, parent: draft },
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

function missingIn(doctype: DocType, facts: Facts, message: (field: DocField) => string): Missing[] {
  return doctype.fields
    .filter((field) => fieldKind(field) !== undefined && isRequired(field, facts) && isMissing(field, facts.doc[field.fieldname]))
    .map((field) => ({ fieldname: field.fieldname, message: message(field) }))
}

const isRequired = (field: DocField, facts: Facts): boolean => field.reqd || holds(field, 'mandatory_depends_on', facts)

/** Markup around nothing is nothing. */
function isMissing(field: DocField, value: unknown): boolean {
  if (isTableField(field)) return !Array.isArray(value) || value.length === 0
  if (value === undefined || value === null) return true
  return typeof value === 'string' && !value.includes('<img') && value.replaceAll(/<[^>]*>/g, '').trim() === ''
}
