import { FrappeError, invalid, notFound, notPermitted, type DocType, type Document } from '@annex/protocol'
import type { Row } from '../../../backend/backend.ts'
import { HTTP_METHODS, type Method, type MethodCall, type MethodRight } from '../../../backend/method.ts'
import { listAccess } from '../../../policy/field-levels.ts'
import { filtersOf, parseChosen, parseJson, type Arguments } from '../../arguments.ts'
import { parseCountArguments, parseFlag, parseListArguments, parseText, requireText, shapeRows } from '../../list-arguments.ts'
import { verbsMethod } from '../verbs-method.ts'

/** `frappe.client.*` that read. */
export const readMethods: readonly Method[] = [
  verbsMethod('frappe.client.get_list', HTTP_METHODS, listDocuments),
  verbsMethod('frappe.client.get_count', HTTP_METHODS, countDocuments),
  verbsMethod('frappe.client.get', HTTP_METHODS, readDocument),
  { ...verbsMethod('frappe.client.get_value', HTTP_METHODS, readValue), rights: ({ doctype, parent }) => rightsOnValues(doctype, parent) },
  verbsMethod('frappe.client.get_single_value', HTTP_METHODS, readSingleValue),
]

async function listDocuments({ principal, args, backend }: MethodCall): Promise<unknown[]> {
  return shapeRows(await backend.list(principal, parseListArguments(requireText(args, 'doctype'), args)), args)
}

/** The name of a document may stand in place of filters. */
function countDocuments({ principal, args, backend }: MethodCall): Promise<number> {
  const request = parseCountArguments(requireText(args, 'doctype'), { ...args, filters: undefined })
  return backend.count(principal, { ...request, filters: [...(request.filters ?? []), ...filtersOf(parseChosen(args['filters']))] })
}

async function readDocument(call: MethodCall): Promise<Document> {
  const doctype = requireText(call.args, 'doctype')
  const name = parseText(call.args, 'name') || (await foundName(call, doctype))
  return call.backend.read(call.principal, { doctype, name })
}

/** The newest document that the filters choose; without any, the only one of a Single. */
async function foundName(call: MethodCall, doctype: string): Promise<string> {
  const { args } = call
  const chosen = parseChosen(args['filters'])
  if (chosen === undefined) {
    if ((await definitionOf(call, doctype))?.issingle) return doctype
    throw notFound(doctype.slice(0, 140), 'of that name')
  }
  if ('name' in chosen) return chosen.name
  const [row] = await call.backend.list(call.principal, { doctype, fields: ['name'], filters: chosen.filters, limit: 1, ...parentOf(args) })
  if (row) return String(row['name'])
  throw notFound(doctype.slice(0, 140), 'of these filters')
}

/** Names alone are no values, however a list shows them; rows are judged by the parent that is named, as by their list. */
function rightsOnValues(doctype: unknown, parent: unknown): MethodRight[] {
  return typeof doctype === 'string' && !parent ? [{ doctype, right: 'read' }] : []
}

async function readValue(call: MethodCall): Promise<unknown> {
  const { args } = call
  const doctype = requireText(args, 'doctype')
  const fields = parseFieldnames(args)
  const definition = await definitionOf(call, doctype)
  if (definition?.issingle === true) return shaped(await readSingle(call, definition, fields), args)
  if (definition && listAccess(call.principal, definition) === 'select')
    throw notPermitted(`You need the 'read' permission on ${doctype} to read its values`)
  const filters = filtersOf(parseChosen(args['filters']))
  const [row] = await call.backend.list(call.principal, { doctype, fields, filters, limit: 1, ...parentOf(args) })
  return shaped(row, args)
}

/** As Frappe keeps it: every value of a Single is text. */
async function readSingle(call: MethodCall, { name, fields: known }: DocType, fields: readonly string[]): Promise<Row> {
  const document = await call.backend.read(call.principal, { doctype: name, name })
  for (const field of fields) requireKnown(known, document, field)
  return Object.fromEntries(fields.map((field) => [field, rawText(document[field])]))
}

function rawText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}

async function readSingleValue(call: MethodCall): Promise<unknown> {
  const [doctype, field] = [requireText(call.args, 'doctype'), requireText(call.args, 'field')]
  const { issingle, fields } = await call.backend.doctype(call.principal, doctype)
  if (!issingle) throw invalid(`${doctype} has many documents; use frappe.client.get_value`)
  const document = await call.backend.read(call.principal, { doctype, name: doctype })
  requireKnown(fields, document, field)
  return document[field]
}

/** What the caller may not read is absent from a document, not null. */
function requireKnown(known: DocType['fields'], document: Document, field: string): void {
  if (field in document) return
  if (known.some(({ fieldname }) => fieldname === field)) throw notPermitted(`You may not read ${field}; it is above your level`)
  throw new FrappeError('ValidationError', `${document.doctype} has no field ${field.slice(0, 140)}`)
}

/** One name, or a JSON list of them; an empty list means the name. */
function parseFieldnames(args: Arguments): readonly string[] {
  const given = args['fieldname']
  const value = typeof given === 'string' && !/^\s*[["]/.test(given) ? given.trim() : parseJson(given, 'fieldname')
  if (value === undefined || value === '') throw invalid('fieldname is missing; send the name of a field, or a JSON list of names')
  if (typeof value === 'string') return [value]
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string'))
    throw invalid('fieldname must be the name of a field, or a JSON list of names')
  return value.length === 0 ? ['name'] : value
}

function shaped(row: Row | undefined, args: Arguments): unknown {
  const asArray = args['as_dict'] !== undefined && args['as_dict'] !== null && args['as_dict'] !== '' && !parseFlag(args['as_dict'])
  if (row === undefined) return asArray ? null : {}
  return asArray ? Object.values(row) : row
}

const parentOf = (args: Arguments): { parent?: string } => (args['parent'] ? { parent: parseText(args, 'parent') } : {})

/** Undefined for a DocType whose documents alone, and not its definition, the caller may see. */
async function definitionOf({ principal, backend }: MethodCall, doctype: string): Promise<DocType | undefined> {
  try {
    return await backend.doctype(principal, doctype)
  } catch (error) {
    if (error instanceof FrappeError && error.status === 403) return undefined
    throw error
  }
}
