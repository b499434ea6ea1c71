import type { Operator } from '@annex/protocol'
import { texts } from '../texts.ts'

export interface ShownFilter {
  /** What the field is called. */
  readonly label: string
  readonly operator: Operator
  readonly value: unknown
}

/** A filter as a person reads it: `Company is Meadow`. */
export function filterWords({ label, operator, value }: ShownFilter): string {
  const words = { label, value: shownValue(value) }
  if (operator === 'is') return fill(value === 'set' ? texts.filters.set : texts.filters.unset, words)
  if (operator === 'between' && Array.isArray(value))
    return fill(texts.filters.between, { label, from: shownValue(value[0]), to: shownValue(value[1]) })
  if (operator === 'like' || operator === 'not like') return likeWords(label, operator, String(value))
  return fill(texts.filters.operators[operator], words)
}

/** A pattern that says where a text stands is told without its signs. */
function likeWords(label: string, operator: 'like' | 'not like', pattern: string): string {
  const text = pattern.replace(/^%/, '').replace(/%$/, '')
  const ends = `${pattern.startsWith('%')} ${pattern.endsWith('%')}`
  const isPlain = text !== '' && !/[%_\\]/.test(text)
  const words = isPlain ? LIKE.get(`${operator} ${ends}`) : undefined
  return fill(words ?? texts.filters.operators[operator], { label, value: words === undefined ? shownValue(pattern) : text })
}

const LIKE: ReadonlyMap<string, string> = new Map([
  ['like false true', texts.filters.begins],
  ['like true true', texts.filters.contains],
  ['like true false', texts.filters.ends],
  ['not like true true', texts.filters.lacks],
])

function shownValue(value: unknown): string {
  if (value === null || value === undefined || value === '') return texts.filters.nothing
  if (!Array.isArray(value)) return typeof value === 'string' ? value : JSON.stringify(value)
  const all = value.map(shownValue)
  return all.length > 1
    ? fill(texts.filters.or, { first: all.slice(0, -1).join(', '), last: all.at(-1) ?? '' })
    : (all[0] ?? texts.filters.nothing)
}

/** The places of a text, once each: what is put in is not read again. */
const fill = (text: string, words: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\{(\w+)\}/g, (place, name: string) => words[name] ?? place)
