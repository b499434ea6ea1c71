import { parseFilters } from '@annex/protocol'
import { isPermissionError } from '../../docnames/refreshing.ts'
import { KeptNames } from '../../docnames/kept-names.ts'
import { bareDocname, toItem, type LinkItem } from '../../docnames/shown-fields.ts'
import { ScopeMissing, UpstreamUnavailable } from '../../errors.ts'
import { searchFields } from './field-search.ts'
import { MAX_LIMIT, wrong, type LinkFieldOptions, type LinkSource } from '../link-options.ts'
import type { LinkAnswer, LinkSearch, LinksParts } from '../link-answer.ts'
import { fold, holds, rank, readText } from './ranking.ts'
import { searchSite } from './site-search.ts'
import { MOST_ROWS, type SearchPage, type SourceSearch } from './source-search.ts'
import type { Filters } from '../../upstream/types.ts'

const DEFAULT_LIMIT = 10

export async function searchLinks(parts: LinksParts, key: string, search: LinkSearch): Promise<LinkAnswer> {
  const source = await sourceOf(parts, key)
  const asked = askedOf(source, search)
  const names = new KeptNames(parts)
  const place = placeOf(asked)
  try {
    const { rows, more } = await askSource(parts, asked)
    // Before the answer: a process that sleeps once it has answered, as functions do, would lose what the person may fall back on.
    await names.unlessStoreFails(names.keep(source.doctype, place, rows))
    return { items: rows.map(toItem), more, source: 'upstream' }
  } catch (error) {
    if (error instanceof ScopeMissing || isPermissionError(error)) await names.unlessStoreFails(names.refuse(source.doctype))
    const kept = error instanceof UpstreamUnavailable ? await names.unlessStoreFails(searchKept(names, asked, place)) : undefined
    if (kept === undefined) throw error
    return kept
  }
}

/** What the app passes on may come from anybody's form: for this person alone, and without a date that would outlast what the site says. */
export async function remember(parts: LinksParts, doctype: string, item: LinkItem): Promise<void> {
  const { value, label, description, fields = {} } = item
  const bare = bareDocname(doctype, value, parts.clock())
  await new KeptNames(parts).keepOwn({ ...bare, label, description, fields, modified: '' })
}

/** A DocType that nothing is configured for is searched as the site does, by the app itself: its route knows configured keys alone. */
async function sourceOf({ definitions, client }: LinksParts, key: string): Promise<LinkSource> {
  const source = await definitions.read(key, client)
  if (source !== undefined) return source
  if (key.includes('.')) throw wrong(key, 'is not configured')
  return { key, doctype: key, options: {} }
}

function askedOf({ doctype, options }: LinkSource, search: LinkSearch): SourceSearch {
  const { text, start = 0, limit = options.limit ?? DEFAULT_LIMIT, form = {}, filters, signal } = search
  const size = Math.min(Math.max(1, Math.trunc(limit)), MAX_LIMIT)
  return {
    doctype,
    options,
    text: readText(text),
    start: Math.max(0, Math.trunc(start)),
    limit: size,
    filters: allFilters(configuredFilters(options, form), filters),
    signal,
  }
}

/** A request's form goes no further than the fields that the configuration names. */
function configuredFilters({ filters, dependsOn = [] }: LinkFieldOptions, form: Readonly<Record<string, string>>): Filters | undefined {
  if (typeof filters !== 'function') return filters
  const known = dependsOn.filter((field) => Object.hasOwn(form, field) && typeof form[field] === 'string')
  return filters(Object.freeze(Object.fromEntries(known.map((field) => [field, form[field]!]))))
}

function allFilters(configured: Filters | undefined, further: Filters | undefined): Filters | undefined {
  return configured === undefined || further === undefined
    ? (configured ?? further)
    : [...parseFilters(configured), ...parseFilters(further)]
}

const askSource = async (parts: LinksParts, asked: SourceSearch): Promise<SearchPage> => {
  if (asked.start >= MOST_ROWS) return { rows: [], more: false }
  const { query, searchFields: fields } = asked.options
  return query === undefined && fields !== undefined ? searchFields(parts, asked, fields) : searchSite(parts, asked)
}

/** Names that were found by the same search before. */
function placeOf({ filters, options }: SourceSearch): string {
  const { query, referenceDoctype, searchFields: fields } = options
  const parts = [filters ?? null, query ?? null, referenceDoctype ?? null, fields ?? null]
  return parts.every((part) => part === null) ? '' : JSON.stringify(parts)
}

/** What this person saw before of the same search; undefined when there is nothing that may be shown. */
async function searchKept(names: KeptNames, { doctype, text, start, limit }: SourceSearch, place: string): Promise<LinkAnswer | undefined> {
  const rows = await names.list(doctype, place)
  if (rows === undefined || rows[0] === undefined) return undefined
  const found = rows.map(toItem).filter((item) => holds(item, fold(text)))
  const items = text === '' ? found : rank(found, text)
  const end = start + limit
  return { items: items.slice(start, end), more: items.length > end, source: 'kept', staleSince: rows[0].seenAt }
}
