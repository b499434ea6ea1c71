import type { LinkItem } from '../../docnames/shown-fields.ts'

/** Marks that turn the direction of what is typed or pasted; nobody sees them, and no name holds them on purpose. */
const DIRECTION_MARKS = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g
const LONGEST_TEXT = 140

/** What is typed, as it is sent: one form of each letter, without what cannot be seen, 140 characters at most. */
export const readText = (typed: string): string =>
  [...typed.normalize('NFC').replaceAll(DIRECTION_MARKS, '').trim()].slice(0, LONGEST_TEXT).join('').trim()

/** For comparing: capitals, wide letters and ligatures are their plain ones. */
export const fold = (text: string): string => text.normalize('NFKC').replaceAll(DIRECTION_MARKS, '').toLowerCase()

/** Whether a suggestion holds the text, as text. */
export function holds({ value, label, description }: LinkItem, folded: string): boolean {
  return [value, label, description].some((part) => fold(part).includes(folded))
}

/** In the order in which they are likely meant: the name begins so · the label does · the name holds it · a further word begins so · the rest. Equal ones by name. */
export function rank(items: readonly LinkItem[], text: string): LinkItem[] {
  const folded = fold(text)
  const ranked = items.map((item) => ({ item, place: placeOf(item, folded) }))
  return ranked.toSorted((a, b) => a.place - b.place || byCodePoints(a.item.value, b.item.value)).map(({ item }) => item)
}

function placeOf({ value, label, description }: LinkItem, folded: string): number {
  const [name, title] = [fold(value), fold(label)]
  if (name.startsWith(folded)) return 0
  if (title.startsWith(folded)) return 1
  if (name.includes(folded)) return 2
  const words = [title, ...description.split(', ').map(fold)]
  if (words.some((word) => word.startsWith(folded))) return 3
  return words.some((word) => word.includes(folded)) ? 4 : 5
}

/** As the site orders: by code points, which JavaScript's own order of texts is not beyond the first 65,536. */
function byCodePoints(a: string, b: string): number {
  const [left, right] = [[...a], [...b]]
  for (const [at, letter] of left.entries()) {
    const difference = letter.codePointAt(0)! - (right[at]?.codePointAt(0) ?? -1)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}
