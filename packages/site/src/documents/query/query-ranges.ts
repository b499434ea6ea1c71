import { invalid, type DocField, type Filter } from '@annex/protocol'
import { comparisonOf, isEmpty } from './query-operands.ts'
import { spanOf } from './query-spans.ts'

const DAY = /^\s*\d{4}-\d{2}-\d{2}\s*$/
const BEGINNING = /^(?:%?(\d{4}-\d{2}-\d{2}) ?|%?(\d{4}-\d{2})-?|(\d{4})-?)%$/

/** The ends of a filter's range, both included, as a caller would write them. */
export function rangeOf(field: DocField, { operator, value }: Filter, today: () => string): readonly [unknown, unknown] {
  const dated = isDated(field)
  if (operator !== 'timespan' && operator !== 'previous' && operator !== 'next') {
    const [from, to] = endsOf(field, value, dated ? today : undefined)
    return [from, lastOf(field, to)]
  }
  if (!dated) throw invalid(`${field.label}: "${operator}" is for dates and times; use "between" for a ${field.fieldtype}`)
  const [from, to] = spanOf(field, operator, value, today())
  return [from, lastOf(field, to)]
}

const isDated = (field: DocField): boolean => ['date', 'datetime'].includes(comparisonOf(field))

/** To Frappe an end of days that is missing is today. */
function endsOf(field: DocField, value: unknown, today: (() => string) | undefined): readonly [unknown, unknown] {
  const ends: readonly unknown[] = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',').map((end) => end.trim()) : []
  const [from, to] = [0, 1].map((index) => (isEmpty(ends[index]) ? today?.() : ends[index]))
  if (ends.length === 0 || ends.length > 2 || from === undefined || to === undefined)
    throw invalid(`${field.label}: "between" takes two values, such as ${today ? '["2026-01-01", "2026-01-31"]' : '[10, 20]'}`)
  return [from, to]
}

/** A day in a range of times is meant to its end. */
function lastOf(field: DocField, end: unknown): unknown {
  const isDay = field.fieldtype === 'Datetime' && typeof end === 'string' && DAY.test(end)
  return isDay ? `${end.trim()} 23:59:59.999999` : end
}

/**
 * The year, month or day whose times begin as the pattern does (`2026-02%`), as its first day and the day after its last.
 *
 * @returns undefined when the pattern is another
 */
export function periodLike(pattern: string): readonly [from: string, before: string] | undefined {
  const [, day, month, year] = BEGINNING.exec(pattern) ?? []
  const text = day ?? month ?? year
  if (text === undefined) return undefined
  const [from, before] = [new Date(0), new Date(0)]
  const [years = 0, months = 1, days = 1] = text.split('-').map(Number)
  from.setUTCFullYear(years, months - 1, days)
  before.setUTCFullYear(years + (text === year ? 1 : 0), months - 1 + (text === month ? 1 : 0), days + (text === day ? 1 : 0))
  return [`${text}${'-01'.repeat((10 - text.length) / 3)}`, before.toISOString().slice(0, 10)]
}
