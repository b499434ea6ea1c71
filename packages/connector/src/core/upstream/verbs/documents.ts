import { isRecord, type Document } from '@annex/protocol'
import { UpstreamUnavailable } from '../../errors.ts'
import type { Calls } from '../calls/calls.ts'
import { pathPart, quadruples, type Version } from '../calls/paths.ts'
import type { Arguments, CallOptions, ListOptions } from '../types.ts'
import { everyRow, wholeList } from './pages.ts'

export async function read(calls: Calls, doctype: string, name: string | number, options?: CallOptions): Promise<Document> {
  return documentOf(await calls.data({ method: 'GET', path: pathOf(calls, doctype, name), options }))
}

export async function insert(calls: Calls, doctype: string, values: object, options?: CallOptions): Promise<Document> {
  return documentOf(await calls.data({ method: 'POST', path: pathOf(calls, doctype), body: values, options }))
}

export async function update(
  calls: Calls,
  doctype: string,
  name: string | number,
  values: object,
  options?: CallOptions,
): Promise<Document> {
  return documentOf(await calls.data({ method: 'PUT', path: pathOf(calls, doctype, name), body: values, options }))
}

export async function remove(calls: Calls, doctype: string, name: string | number, options?: CallOptions): Promise<void> {
  await calls.answer({ method: 'DELETE', path: pathOf(calls, doctype, name), options })
}

export async function list(calls: Calls, doctype: string, options: ListOptions): Promise<Record<string, unknown>[]> {
  const { api } = calls.parts
  const { limit = null } = options
  if (limit !== null && !(Number.isInteger(limit) && limit >= 0))
    throw new TypeError(`limit ${limit} must be a whole number of rows; null for all`)
  // The site's own 0 is all rows by version 1, and none by version 2.
  if (limit === 0) return []
  // Version 2 has no word for all.
  if (api === 2 && options.limit === null) return wholeList((page) => list(calls, doctype, page), options)
  const rows = await calls.data({ method: 'GET', path: pathOf(calls, doctype), query: listQuery(doctype, api, options), options })
  if (Array.isArray(rows)) return rows.filter(isRecord)
  throw notFrappe('list')
}

export const each = (calls: Calls, doctype: string, options: ListOptions): AsyncGenerator<Record<string, unknown>, void, undefined> =>
  everyRow((page) => list(calls, doctype, page), options)

/** Says everything itself: the defaults of sites differ, and a Frappe 15 that is told no order has none. */
function listQuery(doctype: string, api: Version, options: ListOptions): Arguments {
  const { fields = ['name'], filters, orFilters, groupBy, distinct = false, start = 0, limit = 20, parent } = options
  const { orderBy = groupBy === undefined ? 'modified desc' : undefined } = options
  return {
    fields,
    filters: filters && quadruples(doctype, filters),
    or_filters: orFilters && quadruples(doctype, orFilters),
    order_by: orderBy,
    group_by: groupBy,
    distinct: distinct ? 1 : undefined,
    limit_start: start,
    parent,
    // 0 is version 1's word for all. In version 2 a Frappe 15 takes the one start, a Frappe 16 the other.
    ...(api === 1 ? { limit_page_length: limit ?? 0 } : { start, limit }),
  }
}

/** @throws {UpstreamUnavailable} `not_frappe` for what is no document */
export function documentOf(data: unknown): Document {
  if (isRecord(data) && data['name'] !== undefined) return data as Document
  throw notFrappe('document')
}

const notFrappe = (what: string): UpstreamUnavailable =>
  new UpstreamUnavailable('not_frappe', `The site answered without the ${what}: check the address of the site`)

const pathOf = (calls: Calls, doctype: string, name?: string | number): string =>
  `${calls.place.documents}${pathPart(doctype)}${name === undefined ? '' : `/${pathPart(name)}`}`
