import { fieldKind, invalid, type DocField, type FieldKind } from '@annex/protocol'
import { sql, type RawBuilder } from 'kysely'
import { parseDate, parseTime, parseTimestamp } from '../../doctypes/values/timestamps.ts'

/** How values of a field are compared. */
export type Comparison = 'text' | 'whole' | 'decimal' | 'date' | 'time' | 'datetime'

const COMPARISONS: Readonly<Record<Exclude<FieldKind, 'table'>, Comparison>> = {
  short: 'text',
  text: 'text',
  password: 'text',
  json: 'text',
  int: 'whole',
  check: 'whole',
  decimal: 'decimal',
  date: 'date',
  time: 'time',
  datetime: 'datetime',
}

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?$/i

export function comparisonOf(field: DocField): Comparison {
  const kind = fieldKind(field)
  return kind === undefined || kind === 'table' ? 'text' : COMPARISONS[kind]
}

export const isEmpty = (value: unknown): boolean => value === null || value === undefined || value === ''

/**
 * A value that a caller compares a field with, in the form in which the field is stored.
 *
 * @throws {FrappeError} `ValidationError` when it is none of the field's kind
 */
export function operand(field: DocField, value: unknown, zone: string): RawBuilder<unknown> {
  const bound = boundOperand(field, value, zone)
  // A column of whole numbers is compared with a fraction, or with what no whole number reaches, as numbers of any size.
  return comparisonOf(field) === 'whole' && !Number.isSafeInteger(bound) ? sql`cast(${bound} as numeric)` : sql`${bound}`
}

/**
 * The one parameter of a comparison that says nothing but `column operator ?`, whatever the value is: undefined for a
 * value that makes another condition of it (one that counts as nothing, a list, a number that is no whole one).
 *
 * @throws {FrappeError} as `operand`
 */
export function plainOperand(field: DocField, value: unknown, zone: string): string | number | undefined {
  if ((typeof value !== 'string' && typeof value !== 'number') || value === '') return undefined
  const comparison = comparisonOf(field)
  if ((comparison === 'whole' || comparison === 'decimal') && isZero(value)) return undefined
  const bound = boundOperand(field, value, zone)
  return comparison === 'whole' && !Number.isSafeInteger(bound) ? undefined : bound
}

function boundOperand(field: DocField, value: unknown, zone: string): string | number {
  const comparison = comparisonOf(field)
  if (comparison === 'text') return textOperand(field, value)
  if (comparison === 'whole' || comparison === 'decimal') return numberOf(field, value)
  const text = textOperand(field, value).trim()
  const parsed = comparison === 'date' ? parseDate(text) : comparison === 'time' ? parseTime(text) : parseTimestamp(text, zone)
  if (parsed === undefined)
    throw invalid(`${field.label}: "${text.slice(0, 60)}" is not a ${field.fieldtype}; write it as ${FORMS[comparison]}`)
  return parsed
}

const FORMS = { date: 'YYYY-MM-DD', time: 'HH:MM:SS', datetime: 'YYYY-MM-DD HH:MM:SS' } as const

export function textOperand(field: DocField, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(typeof value === 'number' ? value : Number(value))
  throw invalid(`${field.label}: compare it with text or a number, not with a list or an object`)
}

/** What counts as nothing where it is compared with a number. */
export const isZero = (value: unknown): boolean => toNumber(value) === 0

/** NaN for what is no number. */
function toNumber(value: unknown): number {
  if (typeof value === 'number' || typeof value === 'boolean' || value === '') return Number(value)
  const text = typeof value === 'string' ? value.replaceAll(',', '').trim() : ''
  return NUMBER.test(text) ? Number(text) : Number.NaN
}

function numberOf(field: DocField, value: unknown): number {
  const number = toNumber(value)
  if (Number.isFinite(number)) return number
  throw invalid(`${field.label}: "${textOperand(field, value).slice(0, 60)}" is not a number; compare it with digits`)
}
