import { BadValue } from './bad-value.ts'
import { foldText } from './fold.ts'

// SQLite refuses 50,000 bytes, and matching time grows with the pattern.
const LONGEST_PATTERN = 10_000

export function foldedPattern(pattern: string): string {
  if (pattern.length > LONGEST_PATTERN) throw new BadValue(`A search pattern has at most ${LONGEST_PATTERN} characters: shorten it`)
  return foldText(pattern)
}

/** An index of trigrams finds nothing for less than one trigram. */
export function checkedSearch(text: string): string {
  if (text.length < 6 && [...text].length < 3)
    throw new RangeError('The search index needs three characters or more: use a prefix or like for less')
  return text
}
