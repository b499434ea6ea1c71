import { FrappeError } from '@annex/protocol'
import { searchFieldsOf } from './doctypes.ts'
import type { FakeDocument, FakeDocuments } from './fake-documents.ts'
import { isLike } from './filters.ts'
import { compareValues } from './queries.ts'
import { asText } from './texts.ts'

const SEARCHED = ['Data', 'Text', 'Small Text', 'Long Text', 'Link', 'Select', 'Read Only', 'Text Editor']

interface LinkQuery {
  readonly text: string
  readonly searchfield: string | undefined
  /** Matches to pass over. */
  readonly start: number
  readonly limit: number
}

/** What a link field suggests; `seen` is what the user may see and the filters let through. */
export function searchLink(
  documents: FakeDocuments,
  doctype: string,
  seen: readonly FakeDocument[],
  { text, searchfield, start, limit }: LinkQuery,
): Record<string, unknown>[] {
  if (searchfield !== undefined && /\W/.test(searchfield)) throw new FrappeError('DataError', `Invalid search field ${searchfield}`)
  const defined = documents.doctype(doctype)
  const title = defined?.title_field ?? 'title'
  const fields = defined === undefined ? [] : searchFieldsOf(defined)
  const isSearched = (field: string): boolean =>
    SEARCHED.includes(defined?.fields.find((one) => one.fieldname === field)?.fieldtype ?? 'Data')
  const looked = ['name', title, ...fields].filter(isSearched)
  const matches = seen
    .filter((document) => isOn(document))
    .filter((document) => text === '' || looked.some((field) => isLike(asText(document[field]), `%${text}%`)))
    .toSorted(
      (a, b) => position(a, text) - position(b, text) || -compareValues(a['idx'], b['idx']) || -compareValues(a['modified'], b['modified']),
    )
    .slice(start, start + limit)
    .toSorted((a, b) => Number(begins(b, text)) - Number(begins(a, text)) || compareValues(a['name'], b['name']))
  const shown = Number(defined?.show_title_field_in_link ?? 0) === 1
  return matches.map((document) => {
    const name = asText(document['name'])
    const others = [searchfield, ...fields].filter((field) => field !== undefined && field !== 'name').map((field) => document[field!])
    const parts = shown ? [name, ...others.filter((part) => part !== document[title])] : [document[title], ...others]
    const description = [...new Set(parts.filter(Boolean).map(asText))].join(', ')
    return { value: document['name'], ...(shown ? { label: asText(document[title]) || name } : {}), description }
  })
}

const isOn = (document: FakeDocument): boolean => document['enabled'] !== 0 && Number(document['disabled'] ?? 0) === 0

/** Where the text stands in the name; last where it does not. */
function position(document: FakeDocument, text: string): number {
  const at = asText(document['name']).toLowerCase().indexOf(text.replaceAll(/[%@]/g, '').toLowerCase())
  return at < 0 ? 9999 : at
}

const begins = (document: FakeDocument, text: string): boolean => asText(document['name']).toLowerCase().startsWith(text.toLowerCase())
