import type { KeptDocname } from '../../../stores/connector-store.ts'
import type { Filters } from '../../upstream/types.ts'
import type { LinkFieldOptions } from '../link-options.ts'

/** No search goes further: who has not found it in so many has to type another letter. */
export const MOST_ROWS = 200

/** One search of one link field, ready to be sent. */
export interface SourceSearch {
  readonly doctype: string
  readonly options: LinkFieldOptions
  readonly text: string
  readonly start: number
  readonly limit: number
  readonly filters: Filters | undefined
  readonly signal: AbortSignal | undefined
}

export interface SearchPage {
  readonly rows: readonly KeptDocname[]
  readonly more: boolean
}

/** What is typed in the forms that documents may hold it in: as it is, and with plain letters for wide ones and ligatures. */
export const spellings = (text: string): readonly string[] => [...new Set([text, text.normalize('NFKC')])]

/** Letters that a site takes for any letter, or any number of them. */
export const hasWildcard = (text: string): boolean => /[%_]/.test(text)

/** Each name once, at its first place. */
export const uniqueNames = <T extends { readonly name: string }>(rows: readonly T[]): T[] => [
  ...new Map(rows.toReversed().map((row) => [row.name, row])).values(),
]
