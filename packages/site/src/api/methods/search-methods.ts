import { FrappeError, invalid, isRecord, parseFilters, type DocType, type LinkMatch } from '@annex/protocol'
import type { LinkSearchRequest, Row } from '../../backend/backend.ts'
import type { Method, MethodCall } from '../../backend/method.ts'
import { parseJson } from '../arguments.ts'
import { parseFlag, parseText, requireText } from '../list-arguments.ts'
import { verbsMethod } from './verbs-method.ts'

const DEFAULT_LENGTH = 10
const LONGEST_PAGE = 1000

/** `frappe.desk.search.*`: what a link field shows while a person types. */
export const searchMethods: readonly Method[] = [
  verbsMethod('frappe.desk.search.search_link', ['GET', 'POST'], searchLink),
  verbsMethod('frappe.desk.search.search_widget', ['GET', 'POST'], searchWidget),
]

async function searchLink(call: MethodCall): Promise<LinkMatch[]> {
  const request = parseSearch(call.args)
  const rows = await queriedRows(call, request)
  return rows ? rows.map(toMatch) : call.backend.searchLink(call.principal, request)
}

/** The same matches, each as a row of the columns that the DocType searches. */
async function searchWidget(call: MethodCall): Promise<readonly unknown[]> {
  const { principal, args, backend } = call
  const request = parseSearch(args)
  const queried = await queriedRows(call, request)
  if (queried) return queried
  const matches = await backend.searchLink(principal, request)
  const doctype = await backend.doctype(principal, request.doctype)
  const columns = ['name', ...titles(doctype), request.searchField ?? '', ...doctype.search_fields, ...parseFurther(args)]
  const fields = [...new Set(columns.filter((fieldname) => fieldname !== ''))]
  const names = matches.map((match) => match.value)
  const rows: Row[] =
    names.length === 0
      ? []
      : await backend.list(principal, {
          doctype: request.doctype,
          fields,
          filters: [{ fieldname: 'name', operator: 'in', value: names }],
          limit: null,
        })
  const byName = new Map(rows.map((row) => [String(row['name']), row]))
  const ordered = names.map((name) => byName.get(name)).filter((row) => row !== undefined)
  return parseFlag(args['as_dict']) ? ordered : ordered.map((row) => Object.values(row))
}

/** The title, first as what a link field shows where the DocType says so. */
function titles({ title_field: title, show_title_field_in_link: isShown }: DocType): string[] {
  return isShown && title !== '' ? [`${title} as label`, title] : [title]
}

function parseFurther(args: MethodCall['args']): readonly string[] {
  const fields = parseJson(args['filter_fields'], 'filter_fields') ?? []
  if (Array.isArray(fields) && fields.every((field) => typeof field === 'string')) return fields
  throw invalid('filter_fields must be a JSON list of names, such as ["modified"]')
}

/**
 * What a method of this site finds in place of the search, when `query` names one; undefined without it. It is called as
 * a read, whatever the caller's own HTTP method: a search must not become a way to make it write.
 */
async function queriedRows({ principal, args, backend }: MethodCall, request: LinkSearchRequest): Promise<readonly unknown[] | undefined> {
  const query = parseText(args, 'query')
  if (query === '') return undefined
  const given = {
    doctype: request.doctype,
    txt: request.text,
    searchfield: request.searchField ?? 'name',
    start: request.start ?? 0,
    page_length: request.limit,
    filters: parseJson(args['filters'], 'filters') ?? {},
    as_dict: parseFlag(args['as_dict']),
    reference_doctype: request.referenceDoctype ?? null,
  }
  const rows = await backend.call(principal, { method: query, httpMethod: 'GET', args: given })
  if (Array.isArray(rows)) return rows as readonly unknown[]
  throw invalid('query must name a method that answers with a list of rows')
}

/** The first column is the value; the rest describes it. */
function toMatch(row: unknown): LinkMatch {
  const columns: readonly unknown[] = Array.isArray(row) ? row : isRecord(row) ? Object.values(row) : [row]
  const [value = '', ...rest] = columns.map((column) => (typeof column === 'string' || typeof column === 'number' ? String(column) : ''))
  return { value, description: [...new Set(rest.filter((text) => text !== ''))].join(', ') }
}

function parseSearch(args: MethodCall['args']): LinkSearchRequest {
  requireFlag(args, 'ignore_user_permissions')
  requireFlag(args, 'as_dict')
  const referenceDoctype = parseText(args, 'reference_doctype')
  const searchField = parseSearchField(args)
  return {
    doctype: requireText(args, 'doctype'),
    text: parseTyped(args['txt']),
    filters: args['query'] ? [] : parseFilters(args['filters']),
    start: parseCount(args['start'], 'start', 0),
    limit: Math.min(parseCount(args['page_length'], 'page_length', DEFAULT_LENGTH) || LONGEST_PAGE, LONGEST_PAGE),
    ...(referenceDoctype ? { referenceDoctype } : {}),
    ...(searchField ? { searchField } : {}),
  }
}

/** What was typed: nothing is a text as well, and must be sent as one. */
function parseTyped(text: unknown): string {
  if (text === undefined || text === null) throw invalid('txt is missing; send what was typed, or empty text')
  if (typeof text !== 'string') throw wrongType('txt must be text')
  return text.trim()
}

/** An argument of another type than Frappe's function declares. */
const wrongType = (sentence: string): FrappeError => new FrappeError('FrappeTypeError', sentence)

function parseSearchField(args: MethodCall['args']): string {
  const name = parseText(args, 'searchfield')
  if (/^\w*$/.test(name)) return name
  throw new FrappeError('DataError', `searchfield must be the name of one field; "${name.slice(0, 60)}" is none`)
}

function requireFlag(args: MethodCall['args'], name: string): void {
  const value = args[name]
  const isFlag = typeof value === 'boolean' || typeof value === 'number' || /^(true|false|yes|no|on|off|[tfyn]|\d+)$/i.test(String(value))
  if (value !== undefined && !isFlag) throw wrongType(`${name} must be true or false`)
}

function parseCount(value: unknown, name: string, fallback: number): number {
  if (value === undefined || value === null || value === '') return fallback
  const count = Number(value)
  if (Number.isSafeInteger(count) && count >= 0) return count
  throw wrongType(`${name} must be a whole number, 0 or more`)
}
