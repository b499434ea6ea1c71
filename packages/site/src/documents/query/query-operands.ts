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
  const comparison = comparisonOf(field)
  if (comparison === 'text') return sql`${textOperand(field, value)}`
  if (comparison === 'whole' || comparison === 'decimal') return numberOperand(numberOf(field, value), comparison)
  const text = textOperand(field, value).trim()
  const parsed = comparison === 'date' ? parseDate(text) : comparison === 'time' ? parseTime(text) : parseTimestamp(text, zone)
  if (parsed === undefined)
    throw invalid(`${field.label}: "${text.slice(0, 60)}" is not a ${field.fieldtype}; write it as ${FORMS[comparison]}`)
  return sql`${parsed}`
}

const FORMS = { date: 'YYYY-MM-DD', time: 'HH:MM:SS', datetime: 'YYYY-MM-DD HH:MM:SS' } as const

export function textOperand(field: DocField, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(typeof value === 'number' ? value : Number(value))
  throw invalid(`${field.label}: compare it with text or a number, not with a list or an object`)
}

function numberOf(field: DocField, value: unknown): number {
  if (typeof value === 'boolean' || value === '') return Number(value)
  const text = typeof value === 'string' ? value.replaceAll(',', '').trim() : value
  const number = typeof text === 'number' ? text : typeof text === 'string' && NUMBER.test(text) ? Number(text) : Number.NaN
  if (Number.isFinite(number)) return number
  throw invalid(`${field.label}: "${textOperand(field, value).slice(0, 60)}" is not a number; compare it with digits`)
}

/** A column of whole numbers is compared with a fraction, or with what no whole number reaches, as numbers of any size. */
const numberOperand = (number: number, comparison: Comparison): RawBuilder<unknown> =>
  comparison === 'decimal' || Number.isSafeInteger(number) ? sql`${number}` : sql`cast(${number} as numeric)`
