import { parseFilters } from '@annex/protocol'
import type { ListOptions } from '../types.ts'

/** So many rows are asked for at once. */
const PAGE = 500

type Row = Record<string, unknown>

/** One page, as the client lists it. */
type List = (options: ListOptions) => Promise<Row[]>

/**
 * Every row, once, a page at a time; ends with a page that is empty, because a site may give less than it was asked for.
 *
 * @throws {TypeError} for a `start` without an order
 */
export async function* everyRow(list: List, options: ListOptions): AsyncGenerator<Row, void, undefined> {
  const { orderBy, groupBy, distinct, start = 0 } = options
  const isNamed = orderBy === undefined && groupBy === undefined && distinct !== true
  if (isNamed && start !== 0) throw new TypeError('each: a start needs an orderBy')
  const pages = isNamed ? byName : byPlace
  for await (const page of pages(list, { ...options, limit: options.limit ?? PAGE })) yield* page
}

/** What others insert and remove meanwhile moves no row from one page to another. */
async function* byName(list: List, options: ListOptions): AsyncGenerator<Row[]> {
  const { fields = ['name'], filters = [] } = options
  const named = fields.some((field) => field === 'name' || field === '*') ? fields : [...fields, 'name']
  let last: unknown
  for (;;) {
    const after = last === undefined ? filters : [...parseFilters(filters), { fieldname: 'name', operator: '>' as const, value: last }]
    const page = await list({ ...options, fields: named, filters: after, orderBy: 'name asc', start: 0 })
    // A condition on a child table gives a document once a row.
    const fresh = page.filter((row, index) => row['name'] !== (index === 0 ? last : page[index - 1]!['name']))
    if (fresh.length === 0) return
    yield fresh
    last = fresh.at(-1)!['name']
  }
}

async function* byPlace(list: List, options: ListOptions): AsyncGenerator<Row[]> {
  let start = options.start ?? 0
  for (;;) {
    const page = await list({ ...options, start })
    if (page.length === 0) return
    yield page
    start += page.length
  }
}

/** All rows at once, for a version of the API that gives them by pages alone. */
export async function wholeList(list: List, options: ListOptions): Promise<Row[]> {
  const rows: Row[] = []
  for await (const page of byPlace(list, { ...options, limit: PAGE })) rows.push(...page)
  return rows
}
