import { isRecord, type Document, type Values } from '@annex/protocol'
import { keptKeys, type FilePart } from './file-keys.ts'

/** A DocType's document as a file in Frappe's form: what is off or empty is left out, and the same definition gives the same text. */
export function writeDocTypeFile(document: Document): string {
  const fields = rowsOf(document, 'fields').map((row) => said('DocField', row))
  const definition = {
    ...said('DocType', document),
    doctype: 'DocType',
    name: document.name,
    engine: 'InnoDB',
    field_order: fields.map((row) => row['fieldname']),
    fields,
    permissions: rowsOf(document, 'permissions').map((row) => said('DocPerm', row)),
    actions: [],
    links: [],
    states: [],
  }
  return `${JSON.stringify(sorted(definition), null, 1)}\n`
}

const rowsOf = (document: Document, key: string): Values[] => {
  const rows = document[key]
  return Array.isArray(rows) ? rows.filter(isRecord) : []
}

const said = (part: FilePart, values: Values): Record<string, unknown> =>
  sorted(
    Object.fromEntries(
      keptKeys(part)
        .map(({ key }) => [key, values[key]] as const)
        .filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== 0),
    ),
  )

const sorted = (values: Values): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1)))
