import { canonicalDecimal } from '@annex/database'
import { FrappeError } from '@annex/protocol'
import type { DocField, FieldKind } from '@annex/protocol'
import { kindOf } from './columns.ts'
import { toShown } from '../values/to-shown.ts'
import { toStored } from '../values/to-stored.ts'
import type { Stored } from '../values/to-stored.ts'

/** Characters in a short field that names no length of its own. */
const SHORT = 140
const INT_DIGITS = 11
const LARGEST_INT = 2_147_483_647

/** Kinds of which every value is one of the other kind too, in the same words. */
const WIDER: Readonly<Partial<Record<FieldKind, readonly FieldKind[]>>> = {
  short: ['text'],
  json: ['text'],
  date: ['text'],
  check: ['int', 'decimal'],
  int: ['decimal'],
}

/** Field types that take some texts or numbers of their kind and not others. */
const CHOOSY: ReadonlySet<string> = new Set(['Select', 'Phone', 'Rating'])

/** Whether every value that a field may hold fits another without being looked at. */
export function fitsAlways(from: DocField, to: DocField): boolean {
  const [before, after] = [kindOf(from), kindOf(to)]
  if (limitOf(to) < limitOf(from)) return false
  if (from.fieldtype !== to.fieldtype && (CHOOSY.has(to.fieldtype) || (to.fieldtype === 'Data' && to.options !== ''))) return false
  return before === after || (WIDER[before]?.includes(after) ?? false)
}

function isWithin(field: DocField, value: Stored): boolean {
  if (typeof value === 'string') return value.length <= limitOf(field) || [...value].length <= limitOf(field)
  return typeof value !== 'number' || kindOf(field) !== 'int' || fitsInt(field, value)
}

const fitsInt = (field: DocField, value: number): boolean => limitOf(field) > INT_DIGITS || Math.abs(value) <= LARGEST_INT

/** The longest text in characters, or the digits of the greatest number. */
function limitOf(field: DocField): number {
  const kind = kindOf(field)
  if (kind === 'int') return field.length > INT_DIGITS ? 16 : 10
  if (kind === 'decimal') return 12
  if (kind === 'check') return 1
  return field.length || (kind === 'short' ? SHORT : kind === 'date' ? 10 : Infinity)
}

/**
 * A stored value of one field as another field stores it; undefined when it does not fit, because something of it would be
 * lost: `007` is no Int, a time of day no Date, nine characters no Data of eight.
 *
 * @param zone - in which times are shown and meant
 */
export function fitted(from: DocField, to: DocField, value: Stored, zone: string): Stored | undefined {
  const [before, after] = [kindOf(from), kindOf(to)]
  // A value that its field would not take today (another choice of a Select) stays as it is.
  if (from.fieldtype === to.fieldtype) return isWithin(to, value) ? value : undefined
  if (value === null || value === '') return after === 'short' || after === 'text' ? value : toStored(to, null, zone)
  // A secret lies elsewhere, and its column holds asterisks.
  if (before === 'password' || after === 'password') return before === after ? value : undefined
  const shown = toShown(from, value, zone)
  if (shown === null) return undefined
  const stored = storedOrMisfit(to, inWords(shown), zone)
  return stored !== undefined && IS_WHOLE[after](inWords(shown), stored) ? stored : undefined
}

const inWords = (shown: string | number): string => (typeof shown === 'string' ? shown : decimalText(shown))
const decimalText = (number: number): string => canonicalDecimal(number).replace(/\.?0+$/, '')

function storedOrMisfit(field: DocField, text: string, zone: string): Stored | undefined {
  try {
    return toStored(field, text, zone)
  } catch (error) {
    if (error instanceof FrappeError) return undefined
    throw error
  }
}

/** As people write numbers where nothing is lost: no leading zeros (a code), no commas (which mean two things). */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/
const MIDNIGHT = /^\d{4}-\d{2}-\d{2}(?:[T ]0?0:00(?::00(?:\.0+)?)?)?$/

const isSameNumber = (text: string, stored: Stored): boolean => {
  const words = text.trim()
  return (
    NUMBER.test(words) && decimalText(Number(stored)) === (words.includes('.') ? words.replace(/\.?0+$/, '') : words).replace(/^-0$/, '0')
  )
}
const isSameText = (text: string, stored: Stored): boolean => stored === text
const isAny = (): boolean => true

/** Whether what is stored is all that the text says. */
const IS_WHOLE: Readonly<Record<Exclude<FieldKind, 'table'>, (text: string, stored: Stored) => boolean>> = {
  short: isSameText,
  text: isSameText,
  json: isSameText,
  password: isSameText,
  int: isSameNumber,
  check: isSameNumber,
  decimal: isSameNumber,
  date: (text) => MIDNIGHT.test(text.trim()),
  datetime: isAny,
  time: isAny,
}
