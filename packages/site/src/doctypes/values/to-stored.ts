import { FrappeError, fieldKind, invalid } from '@annex/protocol'
import type { DocField, FieldKind } from '@annex/protocol'
import { toCheck, toDecimal, toInt } from './numbers.ts'
import { parseDate, parseTime, parseTimestamp } from './timestamps.ts'
import { toJson, toPassword, toText } from './texts.ts'

/** What a column holds. */
export type Stored = string | number | null

const IN_STORE: Readonly<Record<Exclude<FieldKind, 'table'>, (field: DocField, value: unknown, zone: string) => Stored>> = {
  short: toText,
  text: toText,
  password: toPassword,
  int: toInt,
  check: toCheck,
  decimal: toDecimal,
  json: toJson,
  date: (field, value) => dated(field, value, parseDate, 'YYYY-MM-DD'),
  time: (field, value) => dated(field, value, parseTime, 'HH:MM:SS'),
  datetime: (field, value, zone) => dated(field, value, (text) => parseTimestamp(text, zone), 'YYYY-MM-DD HH:MM:SS'),
}

/**
 * Checks one value against its field and gives it the form in which it is stored and compared.
 * Numbers that are empty become 0, dates null; nothing is guessed from garbage. Whether the field is required,
 * and whether a link's target exists, is not looked at.
 *
 * A Password is never stored: its column holds a mark when one is set, and is shown as asterisks.
 *
 * @param zone - in which naive times are meant (IANA name)
 * @throws {FrappeError} `ValidationError` or one of its kinds, naming the field's label
 */
export function toStored(field: DocField, value: unknown, zone: string): Stored {
  const kind = fieldKind(field)
  if (kind === undefined || kind === 'table') throw invalid(`${field.label}: a ${field.fieldtype} field has no value of its own`)
  return IN_STORE[kind](field, value, zone)
}

function dated<T extends string | number>(field: DocField, value: unknown, parse: (text: string) => T | undefined, form: string): T | null {
  if (value === undefined || value === null || value === '') return null
  const parsed = typeof value === 'string' ? parse(value.trim()) : undefined
  if (parsed !== undefined) return parsed
  throw new FrappeError('ValidationError', `${field.label}: ${shortened(value)} is not a ${field.fieldtype}; write it as ${form}`)
}

/** A caller's value in a sentence. */
const shortened = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? `"${String(value).slice(0, 60)}"` : 'this value'
