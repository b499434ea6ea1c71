import { BadValue } from './bad-value.ts'
import { foldText } from './fold.ts'

// SQLite refuses 50,000 bytes, and matching time grows with the pattern.
const LONGEST_PATTERN = 10_000

export function foldedPattern(pattern: string): string {
  if (pattern.length > LONGEST_PATTERN) throw new BadValue(`A search pattern has at most ${LONGEST_PATTERN} characters: shorten it`)
  return foldText(pattern)
}

/** Greater than every character of a text. */
export const LAST_CHARACTER = '\u{10FFFF}'

/** An index of trigrams finds nothing for less than one trigram. */
export const isIndexed = (text: string): boolean => text.length >= 6 || [...text].length >= 3

/** @throws {RangeError} for a text that the index does not serve */
export function checkedSearch(text: string): string {
  if (!isIndexed(text)) throw new RangeError('The search index needs three characters or more: use a prefix or like for less')
  return text
}
