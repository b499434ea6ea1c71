import type { KeptDocname } from '../../../stores/connector-store.ts'
import { askedFields, toItem, toKept, type ShownFields } from '../../docnames/shown-fields.ts'
import type { ListOptions } from '../../upstream/types.ts'
import type { LinksParts } from '../link-answer.ts'
import { fold, holds, rank } from './ranking.ts'
import { hasWildcard, MOST_ROWS, spellings, uniqueNames, type SearchPage, type SourceSearch } from './source-search.ts'

/** What a list finds in the fields of the configuration. The value is always the docname. */
export function searchFields(parts: LinksParts, asked: SourceSearch, searched: readonly string[]): Promise<SearchPage> {
  const { label, fetch = [] } = asked.options
  const shown: ShownFields = { ...(label === undefined ? {} : { label }), description: searched, fetch }
  return asked.text === '' ? listNewest(parts, asked, shown) : findText(parts, asked, shown)
}

/** Before anything is typed: what was changed last. */
async function listNewest(parts: LinksParts, asked: SourceSearch, shown: ShownFields): Promise<SearchPage> {
  const { start, limit } = asked
  const size = Math.min(limit, MOST_ROWS - start)
  const rows = await listRows(parts, asked, shown, { orderBy: 'modified desc, name asc', start, limit: size + 1 })
  return { rows: rows.slice(0, size), more: rows.length > size && start + size < MOST_ROWS }
}

/**
 * Fields in which the last search found more than can be ranked, by the configuration that they stand in. Where that was so the
 * next one likely does too: both of its questions go out side by side. Elsewhere the second is asked when it turns out to be needed,
 * which spares the site one that most searches have no use for.
 */
const crowded = new WeakMap<LinksParts['definitions'], Set<string>>()

function crowdedIn({ definitions }: LinksParts): Set<string> {
  const own = crowded.get(definitions) ?? new Set<string>()
  crowded.set(definitions, own)
  return own
}

/** Every page is cut from the same rows. When there are more than can be ranked, those that begin with the text are asked for by themselves. */
async function findText(parts: LinksParts, asked: SourceSearch, shown: ShownFields): Promise<SearchPage> {
  const { text, start, limit } = asked
  const looked = [...new Set(['name', ...(shown.label === undefined ? [] : [shown.label]), ...shown.description])]
  const where = (fields: readonly string[], before: string) => ({
    orFilters: fields.flatMap((field) => spellings(text).map((spelling) => [field, 'like', `${before}${spelling}%`])),
    orderBy: 'name asc',
    limit: MOST_ROWS + 1,
  })
  const listBegun = () => listRows(parts, asked, shown, where(looked.slice(0, shown.label === undefined ? 1 : 2), ''))
  const [fields, busy] = [JSON.stringify([asked.doctype, ...looked]), crowdedIn(parts)]
  const [held, early] = await Promise.all([listRows(parts, asked, shown, where(looked, '%')), busy.has(fields) ? listBegun() : undefined])
  if (held.length > MOST_ROWS) busy.add(fields)
  else busy.delete(fields)
  const begun = held.length > MOST_ROWS ? (early ?? (await listBegun())) : []
  const rows = inOrder(uniqueNames([...begun, ...held]), text)
  const end = Math.min(start + limit, MOST_ROWS)
  return { rows: rows.slice(start, end), more: rows.length > end && end < MOST_ROWS }
}

function inOrder(rows: readonly KeptDocname[], text: string): KeptDocname[] {
  const byName = new Map(rows.map((row) => [row.name, row]))
  const items = rows.map(toItem)
  const held = hasWildcard(text) ? items.filter((item) => holds(item, fold(text))) : items
  return rank(held, text).map(({ value }) => byName.get(value)!)
}

async function listRows(
  { client, clock }: LinksParts,
  { doctype, filters, signal }: SourceSearch,
  shown: ShownFields,
  options: ListOptions,
): Promise<KeptDocname[]> {
  const fields = askedFields(shown)
  // Asked once: while somebody types, the next key asks again.
  const rows = await client.list(doctype, { ...options, fields, signal, retries: 0, ...(filters === undefined ? {} : { filters }) })
  const seenAt = clock()
  return rows.map((row) => toKept(doctype, row, shown, seenAt)).filter(({ name }) => name !== '')
}
