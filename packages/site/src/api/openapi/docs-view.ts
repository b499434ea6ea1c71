import { fieldKind, type DocField } from '@annex/protocol'
import type { Method } from '../../backend/method.ts'
import { doctypePaths } from './doctype-paths.ts'
import type { SeenDocType } from './document-schema.ts'
import type { Seen } from './sight.ts'

export interface DocsField {
  readonly name: string
  readonly label: string
  /** The type and what belongs to it: `Link to Customer`. */
  readonly type: string
  readonly required: boolean
  readonly readOnly: boolean
  readonly description: string
}

export interface DocsDocType {
  readonly name: string
  readonly description: string
  readonly operations: readonly { readonly method: string; readonly path: string; readonly summary: string }[]
  readonly fields: readonly DocsField[]
  /** Its row types, with the fields of their rows. */
  readonly rows: readonly { readonly name: string; readonly fields: readonly DocsField[] }[]
}

/** The API for a person to read. */
export interface DocsView {
  readonly doctypes: readonly string[]
  readonly methods: readonly { readonly name: string; readonly httpMethods: string }[]
  /** The one that is looked at. */
  readonly shown?: DocsDocType
}

export function docsView(all: Seen, chosen: Seen | undefined, methods: readonly Method[]): DocsView {
  const sight = chosen?.doctypes[0]
  return {
    doctypes: all.doctypes.map(({ doctype }) => doctype.name),
    methods: methods.map(({ name, httpMethods }) => ({ name, httpMethods: httpMethods.join(', ') })),
    ...(chosen && sight
      ? {
          shown: {
            name: sight.doctype.name,
            description: sight.doctype.description,
            operations: Object.entries(doctypePaths(sight).paths).flatMap(([path, item]) => operationsOf(path, item)),
            fields: fieldsOf(sight),
            rows: chosen.rows.map((row) => ({ name: row.doctype.name, fields: fieldsOf(row) })),
          },
        }
      : {}),
  }
}

const operationsOf = (path: string, item: Readonly<Record<string, unknown>>): DocsDocType['operations'] =>
  Object.entries(item)
    .filter(([method]) => method !== 'parameters')
    .map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      summary: (operation as { readonly summary: string }).summary,
    }))

const fieldsOf = ({ doctype, readable, writable }: SeenDocType): DocsField[] =>
  doctype.fields
    .filter((field) => fieldKind(field) !== undefined && (readable.has(field.fieldname) || writable.has(field.fieldname)))
    .map((field) => ({
      name: field.fieldname,
      label: field.label,
      type: typeOf(field),
      required: field.reqd,
      readOnly: !writable.has(field.fieldname),
      description: field.description,
    }))

function typeOf({ fieldtype, options }: DocField): string {
  if (fieldtype === 'Link') return `Link to ${options}`
  if (fieldtype === 'Select') return `One of ${options.split('\n').filter(Boolean).join(', ')}`
  return fieldtype.startsWith('Table') ? `Rows of ${options}` : fieldtype
}
