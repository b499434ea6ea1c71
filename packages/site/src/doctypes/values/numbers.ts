import { canonicalDecimal } from '@annex/database'
import { FrappeError, invalid } from '@annex/protocol'
import type { DocField } from '@annex/protocol'

const LARGEST_INT = 2_147_483_647
/** A field with more digits than this is kept as a long integer. */
const INT_DIGITS = 11
/** Decimals stay below it, on either side of zero. */
export const DECIMAL_BOUND = 1e12
const NUMERIC = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i
const WORDS: ReadonlyMap<string, 0 | 1> = new Map([
  ...['true', 'yes', 'on'].map((word) => [word, 1] as const),
  ...['false', 'no', 'off'].map((word) => [word, 0] as const),
])

/** Commas are dropped, as Frappe does; empty is 0. */
function numberOf(field: DocField, value: unknown): number {
  if (value === undefined || value === null || value === '') return 0
  if (typeof value === 'boolean') return Number(value)
  if (typeof value === 'number' && Number.isFinite(value)) return value
  const text = typeof value === 'string' ? value.replaceAll(',', '').trim() : 'x'
  if (text === '') return 0
  if (NUMERIC.test(text)) return Number(text)
  throw invalid(
    `${field.label}: ${typeof value === 'string' ? `"${value.slice(0, 60)}"` : 'this value'} is not a number; send digits with a dot for decimals`,
  )
}

export const largestInt = ({ length }: DocField): number => (length > INT_DIGITS ? Number.MAX_SAFE_INTEGER : LARGEST_INT)

export function toInt(field: DocField, value: unknown): number {
  const number = Math.trunc(numberOf(field, value))
  const most = largestInt(field)
  if (Math.abs(number) > most)
    throw new FrappeError('CharacterLengthExceededError', `${field.label}: ${number} is too large; the largest number is ${most}`)
  return positive(field, number)
}

/** 1 for what is true in words or numbers. */
export function toCheck(field: DocField, value: unknown): number {
  const word = typeof value === 'string' ? WORDS.get(value.trim().toLowerCase()) : undefined
  return word ?? (numberOf(field, value) === 0 ? 0 : 1)
}

/** Rounded to nine places; a Rating lies between 0 and 1. */
export function toDecimal(field: DocField, value: unknown): number {
  const number = numberOf(field, value)
  if (field.fieldtype === 'Rating') return roundToNine(Math.min(1, Math.max(0, number)))
  if (Math.abs(number) >= DECIMAL_BOUND)
    throw new FrappeError('CharacterLengthExceededError', `${field.label}: ${number} is too large; amounts stay below ${DECIMAL_BOUND}`)
  return positive(field, roundToNine(number))
}

const roundToNine = (number: number): number => Number(canonicalDecimal(number))

function positive(field: DocField, number: number): number {
  if (field.non_negative && number < 0) throw new FrappeError('NonNegativeError', `${field.label}: must not be negative, and ${number} is`)
  // Adding zero turns a negative zero, which the engines show differently, into zero.
  return number + 0
}
