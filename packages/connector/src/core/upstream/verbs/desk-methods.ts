import { FrappeError, isRecord, parseFilters, type LinkMatch } from '@annex/protocol'
import { UpstreamUnavailable } from '../../errors.ts'
import type { Calls } from '../calls/calls.ts'
import { pathPart, quadruples } from '../calls/paths.ts'
import type { AssignOptions, CallOptions, CountOptions, DocTypeMeta, LinkSearchOptions } from '../types.ts'

/** Counts what this user may read: `frappe.client.get_count` of Frappe 15 would count all. */
export async function count(calls: Calls, doctype: string, options: CountOptions): Promise<number> {
  const { filters = [], orFilters } = options
  const conditions = [filters, orFilters ?? []].flatMap(parseFilters)
  const query = {
    filters: quadruples(doctype, filters),
    or_filters: orFilters && quadruples(doctype, orFilters),
    // A condition on a child table finds a document once a row.
    distinct: conditions.some((filter) => filter.doctype !== undefined && filter.doctype !== doctype) ? 'true' : undefined,
  }
  const found = await (calls.parts.api === 1
    ? calls.method('frappe.desk.reportview.get_count', { method: 'GET', query: { doctype, ...query }, options })
    : calls.data({ method: 'GET', path: `/api/v2/doctype/${pathPart(doctype)}/count`, query, options }))
  if (typeof found !== 'number')
    throw new UpstreamUnavailable('not_frappe', 'The site answered without a count: check the address of the site')
  return found
}

export async function searchLink(calls: Calls, doctype: string, options: LinkSearchOptions): Promise<LinkMatch[]> {
  const { text, start = 0, limit = 10, filters, referenceDoctype, query: own } = options
  const query = {
    doctype,
    txt: text,
    query: own,
    start: start > 0 ? start : undefined,
    page_length: limit,
    // A method of the site's own gets them as they are: most of ERPNext's want an object.
    filters: filters && (own === undefined ? quadruples(doctype, filters) : filters),
    reference_doctype: referenceDoctype,
  }
  const { methods, answer } = calls.place
  const path = `${methods}frappe.desk.search.search_link`
  const body = await calls.answer({ method: 'GET', path, query, options: { ...options, retries: 0 } })
  // Frappe up to 14 calls the list `results`.
  const matches = body[answer] ?? body['results']
  return Array.isArray(matches) ? matches.filter(isRecord).map(toMatch) : []
}

const toMatch = ({ value, description, label }: Record<string, unknown>): LinkMatch => ({
  value: String(value),
  description: typeof description === 'string' ? description : '',
  ...(typeof label === 'string' && label !== '' ? { label } : {}),
})

export async function assign(
  calls: Calls,
  doctype: string,
  name: string | number,
  users: readonly string[],
  { description, date, priority, ...options }: AssignOptions = {},
): Promise<string[]> {
  const body = { assign_to: JSON.stringify(users), doctype, name, description, date, priority }
  const open = await calls.method('frappe.desk.form.assign_to.add', { method: 'POST', body, options })
  return Array.isArray(open) ? open.filter(isRecord).map((todo) => String(todo['owner'])) : []
}

export async function describe(
  calls: Calls,
  name: string,
  options?: CallOptions,
): Promise<{ readonly doctype: DocTypeMeta; readonly rows: readonly DocTypeMeta[] }> {
  const path = `${calls.place.methods}frappe.desk.form.load.getdoctype`
  const { docs } = await calls.answer({ method: 'GET', path, query: { doctype: name }, options })
  const [own, ...rows] = Array.isArray(docs) ? docs.filter(isMeta) : []
  if (own === undefined) throw new FrappeError('DoesNotExistError', `There is no DocType ${name} at the site, or you may not see it`)
  return { doctype: own, rows }
}

const isMeta = (value: unknown): value is DocTypeMeta =>
  isRecord(value) && typeof value['name'] === 'string' && Array.isArray(value['fields'])
