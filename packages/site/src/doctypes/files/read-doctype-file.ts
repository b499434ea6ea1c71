import { invalid, isRecord, type DocType, type Values } from '@annex/protocol'
import { isCore } from '../core-doctypes.ts'
import { parseDocType } from '../parse-doctype.ts'
import { keptKeys, unkeptKeys, type FilePart } from './file-keys.ts'

/** One DocType as a file describes it. */
export interface DocTypeFile {
  readonly name: string
  /** The whole definition: what the file leaves out is said to be off or empty, as in Frappe's files. */
  readonly values: Values
  readonly definition: DocType
  /** What the file says and this site does not keep, in sentences. */
  readonly notes: readonly string[]
}

/**
 * The DocTypes of one file in Frappe's form: one object, or a list of them. Keys that only concern looks are passed over.
 * Empty when the file holds JSON of something else, and without the DocTypes that come with the site.
 *
 * @throws {FrappeError} `ValidationError` for what is no JSON, or no definition that a site can keep
 */
export function readDocTypeFile(text: string): DocTypeFile[] {
  const found = parseJson(text)
  return (Array.isArray(found) ? found : [found])
    .filter(isRecord)
    .filter((values) => values['doctype'] === 'DocType' && typeof values['name'] === 'string' && !isCore(values['name']))
    .map(readDefinition)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('this is not valid JSON')
  }
}

function readDefinition(sent: Values): DocTypeFile {
  const [fields, virtual] = split(rowsOf(sent, 'fields'), (row) => Boolean(row['is_virtual']))
  const permissions = rowsOf(sent, 'permissions')
  const values = {
    ...completed('DocType', sent),
    name: sent['name'],
    sort_field: sent['sort_field'] || 'modified',
    sort_order: sent['sort_order'] || 'DESC',
    fields: fields.map((row) => completed('DocField', row)),
    permissions: permissions.map((row) => completed('DocPerm', row)),
  }
  const notes = [
    ...unkeptKeys('DocType', sent).map((key) => `${key} is not kept`),
    ...virtual.map((row) => `field ${textOf(row)} is left out: a virtual field is made by code`),
    ...fields.flatMap((row) => unkeptKeys('DocField', row).map((key) => `field ${textOf(row)}: ${key} is not kept`)),
  ]
  // Every right is said by now, so that the rules for what comes through the API are these.
  return { name: String(sent['name']), values, definition: parseDocType(values, { origin: 'api', id: '' }), notes }
}

const textOf = ({ fieldname, label }: Values): string =>
  JSON.stringify(fieldname ?? label ?? '')
    .replaceAll('"', '')
    .slice(0, 140)

function rowsOf(values: Values, key: string): Values[] {
  const rows = values[key] ?? []
  if (Array.isArray(rows) && rows.every(isRecord)) return rows
  throw invalid(`DocType ${String(values['name']).slice(0, 60)}: ${key} must be a list of rows`)
}

function split<T>(all: readonly T[], apart: (one: T) => boolean): [T[], T[]] {
  return [all.filter((one) => !apart(one)), all.filter(apart)]
}

const completed = (part: FilePart, sent: Values): Record<string, unknown> =>
  Object.fromEntries(keptKeys(part).map(({ key, flag }) => [key, flag ? (sent[key] ?? 0) : emptied(sent[key])]))

const emptied = (value: unknown): unknown => (value === '' || value === undefined ? null : value)
