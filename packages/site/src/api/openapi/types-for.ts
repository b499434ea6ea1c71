import type { DocType } from '@annex/protocol'
import { fieldsWithin, readableLevels } from '../../policy/field-levels.ts'
import type { Principal } from '../../policy/principal.ts'
import { STANDARD_SCHEMAS, documentSchemas } from './document-schema.ts'
import { seenBy } from './sight.ts'
import { writeTypes } from './typescript-types.ts'

/**
 * TypeScript interfaces for DocTypes as a caller sees them, row types with them.
 *
 * @throws {Error} for a DocType that is not there
 */
export function typesFor(caller: Principal, names: readonly string[], doctypeOf: (name: string) => DocType | undefined): string {
  const doctypes = names.flatMap((name) => doctypeOf(name) ?? [])
  const { doctypes: documents, rows } = seenBy(caller, doctypes, doctypeOf)
  const alone = doctypes
    .filter((doctype) => doctype.istable)
    .map((doctype) => ({ doctype, fields: fieldsWithin(doctype.fields, readableLevels(caller, doctype)) }))
    .map(({ doctype, fields }) => ({ doctype, readable: fields, writable: fields }))
  return writeTypes(Object.assign({}, ...[...alone, ...rows, ...documents].map(documentSchemas), STANDARD_SCHEMAS), names)
}
