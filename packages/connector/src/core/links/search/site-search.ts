import { FrappeError, type LinkMatch } from '@annex/protocol'
import { askedFields, bareDocname, toKept, type ShownFields } from '../../docnames/shown-fields.ts'
import type { KeptDocname } from '../../../stores/connector-store.ts'
import { UpstreamUnavailable } from '../../errors.ts'
import type { UpstreamClient } from '../../upstream/upstream-client.ts'
import type { LinksParts } from '../link-answer.ts'
import { fold, holds, rank } from './ranking.ts'
import { hasWildcard, MOST_ROWS, spellings, type SearchPage, type SourceSearch } from './source-search.ts'

/** Asked for at first: five pages. Frappe sorts what it sends page by page, so every page is cut from the same rows. */
const FIRST_ROWS = 50

/**
 * What the site's own search finds, or a method of its own. No site is told where to start: Frappe 15 does not know it and would
 * send the first page again.
 */
export async function searchSite(parts: LinksParts, asked: SourceSearch): Promise<SearchPage> {
  const [typed, plain] = spellings(asked.text)
  const found = await findRows(parts.client, asked, typed ?? '')
  const items = found.length === 0 && plain !== undefined ? await findRows(parts.client, asked, plain) : found
  const end = Math.min(asked.start + asked.limit, MOST_ROWS)
  const seenAt = parts.clock()
  const page = items.slice(asked.start, end).map((match) => toRow(asked.doctype, match, seenAt))
  return { rows: await withFields(parts.client, asked, page), more: items.length > end && end < MOST_ROWS }
}

/** In the order of the likeliest, the first rows before those that only the larger question found. */
async function findRows(client: UpstreamClient, asked: SourceSearch, text: string): Promise<LinkMatch[]> {
  const isWild = asked.options.query === undefined && hasWildcard(text)
  const isDeep = isWild || asked.start + asked.limit > FIRST_ROWS
  const [first, all] = await Promise.all([
    isWild ? [] : ask(client, asked, text, FIRST_ROWS + 1),
    isDeep ? ask(client, asked, text, MOST_ROWS + 1) : [],
  ])
  const known = new Set(first.map(({ value }) => value))
  return [
    ...inOrder(asked, text, first),
    ...inOrder(
      asked,
      text,
      all.filter(({ value }) => !known.has(value)),
    ),
  ]
}

/** The order of a method of the site's own may mean something, and so may that of suggestions before anything is typed. */
function inOrder({ options }: SourceSearch, text: string, matches: readonly LinkMatch[]): readonly LinkMatch[] {
  if (options.query !== undefined || text === '') return matches
  const byValue = new Map(matches.map((match) => [match.value, match]))
  const items = matches.map(({ value, label = value, description }) => ({ value, label, description }))
  const held = hasWildcard(text) ? items.filter((item) => holds(item, fold(text))) : items
  return rank(held, text).map(({ value }) => byValue.get(value)!)
}

async function ask(
  client: UpstreamClient,
  { doctype, options, filters, signal }: SourceSearch,
  text: string,
  limit: number,
): Promise<LinkMatch[]> {
  const { query, referenceDoctype } = options
  const matches = await client
    .searchLink(doctype, {
      text,
      limit,
      signal,
      ...(filters === undefined ? {} : { filters }),
      ...(referenceDoctype === undefined ? {} : { referenceDoctype }),
      ...(query === undefined ? {} : { query }),
    })
    .catch((error: unknown) => {
      throw query !== undefined && error instanceof UpstreamUnavailable && error.code === 'site_not_found' ? unknownQuery(query) : error
    })
  // A method of the site's own may take no notice of how many are wanted.
  return matches.filter(({ value }) => value !== '').slice(0, limit)
}

/** Frappe answers with a page of HTML. */
const unknownQuery = (query: string): FrappeError =>
  new FrappeError('DoesNotExistError', `The site has no method ${query} that may be asked: look at the query of the link field`)

const toRow = (doctype: string, { value, label = value, description }: LinkMatch, seenAt: number): KeptDocname => ({
  ...bareDocname(doctype, value, seenAt),
  label,
  description,
})

/**
 * A search tells no fields: they are asked for by name. Which names is known when the search has answered, so that a link field with
 * `label` or `fetch` takes two round trips one after the other; with `searchFields` as well it is one list, and one round trip.
 */
async function withFields(client: UpstreamClient, asked: SourceSearch, rows: readonly KeptDocname[]): Promise<readonly KeptDocname[]> {
  const { label, fetch } = asked.options
  if ((label === undefined && fetch === undefined) || rows.length === 0) return rows
  const shown: ShownFields = { ...(label === undefined ? {} : { label }), description: [], fetch: fetch ?? [] }
  const listed = await client.list(asked.doctype, {
    fields: askedFields(shown),
    filters: [['name', 'in', rows.map(({ name }) => name)]],
    orderBy: 'name asc',
    limit: rows.length,
    signal: asked.signal,
    retries: 0,
  })
  const found = new Map(listed.map((row) => [String(row['name']), toKept(asked.doctype, row, shown, 0)]))
  return rows.map((row) => {
    const { fields, modified, creation, label: title } = found.get(row.name) ?? row
    return { ...row, fields, modified, creation, label: label === undefined ? row.label : title }
  })
}
