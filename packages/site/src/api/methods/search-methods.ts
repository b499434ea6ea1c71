import { FrappeError, invalid, parseFilters, type LinkMatch } from '@annex/protocol'
import type { LinkSearchRequest, Row } from '../../backend/backend.ts'
import type { Method, MethodCall } from '../../backend/method.ts'
import { parseFlag, parseText, requireText } from '../list-arguments.ts'

const DEFAULT_LENGTH = 10
const LONGEST_PAGE = 1000

/** `frappe.desk.search.*`: what a link field shows while a person types. */
export const searchMethods: readonly Method[] = [
  { name: 'frappe.desk.search.search_link', httpMethods: ['GET', 'POST'], guest: false, rights: 'verbs', handler: searchLink },
  { name: 'frappe.desk.search.search_widget', httpMethods: ['GET', 'POST'], guest: false, rights: 'verbs', handler: searchWidget },
]

function searchLink({ principal, args, backend }: MethodCall): Promise<LinkMatch[]> {
  return backend.searchLink(principal, parseSearch(args))
}

/** The same matches, each as a row of the columns that the DocType searches. */
async function searchWidget({ principal, args, backend }: MethodCall): Promise<Row[] | unknown[][]> {
  const request = parseSearch(args)
  const matches = await backend.searchLink(principal, request)
  const doctype = await backend.doctype(principal, request.doctype)
  const columns = ['name', doctype.title_field, request.searchField ?? '', ...doctype.search_fields]
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

function parseSearch(args: MethodCall['args']): LinkSearchRequest {
  const referenceDoctype = parseText(args, 'reference_doctype')
  const searchField = parseSearchField(args)
  return {
    doctype: requireText(args, 'doctype'),
    text: parseText(args, 'txt').trim(),
    filters: parseFilters(args['filters']),
    start: parseCount(args['start'], 'start', 0),
    limit: Math.min(parseCount(args['page_length'], 'page_length', DEFAULT_LENGTH) || LONGEST_PAGE, LONGEST_PAGE),
    ...(referenceDoctype ? { referenceDoctype } : {}),
    ...(searchField ? { searchField } : {}),
  }
}

function parseSearchField(args: MethodCall['args']): string {
  const name = parseText(args, 'searchfield')
  if (/^\w*$/.test(name)) return name
  throw new FrappeError('DataError', `searchfield must be the name of one field; "${name.slice(0, 60)}" is none`)
}

function parseCount(value: unknown, name: string, fallback: number): number {
  if (value === undefined || value === null || value === '') return fallback
  const count = Number(value)
  if (Number.isSafeInteger(count) && count >= 0) return count
  throw invalid(`${name} must be a whole number, 0 or more`)
}
