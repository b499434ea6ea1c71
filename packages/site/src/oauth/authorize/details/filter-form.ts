import type { Filter, Operator } from '@annex/protocol'

/** By operator, whether it can compare with the value at all, and what it compares with, in words. */
type Form = readonly [fits: (value: unknown) => boolean, words: string]

const isOne = (value: unknown): boolean => !Array.isArray(value)
const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== ''
const isListed = (value: unknown): boolean => Array.isArray(value) || isText(value)
const isState = (value: unknown): boolean => value === 'set' || value === 'not set'

/** Two ends, in a list or as text with a comma between. */
function isRange(value: unknown): boolean {
  const ends: readonly unknown[] = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : []
  return ends.length === 2 && ends.every((end) => typeof end === 'number' || isText(end))
}

const FORMS: ReadonlyMap<Operator, Form> = new Map<Operator, Form>([
  ['between', [isRange, 'a list of two values']],
  ['in', [isListed, 'a list of values']],
  ['not in', [isListed, 'a list of values']],
  ['is', [isState, 'set or not set']],
  ['timespan', [isText, 'the name of a span']],
  ['previous', [isText, 'the name of a span']],
  ['next', [isText, 'the name of a span']],
])
const SINGLE: Form = [isOne, 'one value']

/**
 * What is wrong with a filter whatever field it names, for the app that wrote it: it says nothing of the site. What the field decides
 * is for the user alone.
 */
export function faultOfForm({ operator, value }: Filter): string | undefined {
  const [fits, words] = FORMS.get(operator) ?? SINGLE
  return fits(value) ? undefined : `${operator} compares with ${words}`
}
