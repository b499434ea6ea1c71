import { invalid, type DocField } from '@annex/protocol'

/** First and last day, both included, as `YYYY-MM-DD`. */
export type Days = readonly [from: string, to: string]

type Unit = 'day' | 'week' | 'month' | 'quarter' | 'year'
const MONTHS: Readonly<Record<'month' | 'quarter' | 'year', number>> = { month: 1, quarter: 3, year: 12 }
/** What `previous` and `next` take, in the words of `timespan`. */
const LENGTHS: ReadonlyMap<string, string> = new Map([
  ['1 week', 'week'],
  ['1 month', 'month'],
  ['3 months', 'quarter'],
  ['6 months', '6 months'],
  ['1 year', 'year'],
])
const SHIFTS: Readonly<Record<string, number>> = { last: -1, this: 0, next: 1 }

/**
 * The days that a filter by a span of time means. Weeks begin on Sunday; `last 7 days` includes today, `last 6 months` are
 * two whole quarters. To Frappe a span that it does not know is today.
 *
 * @param today - in the site's zone
 * @throws {FrappeError} `ValidationError` for a length that `previous` and `next` do not take
 */
export function spanOf(field: DocField, operator: 'timespan' | 'previous' | 'next', value: unknown, today: string): Days {
  const word = typeof value === 'string' ? value.trim().toLowerCase().replaceAll(/\s+/g, ' ') : ''
  if (operator === 'timespan') return timespan(word, today)
  const length = LENGTHS.get(word)
  if (length === undefined) throw invalid(`${field.label}: "${operator}" takes one of ${[...LENGTHS.keys()].join(', ')}`)
  return timespan(`${operator === 'next' ? 'next' : 'last'} ${length}`, today)
}

function timespan(word: string, today: string): Days {
  const [, shift = '', count, unit] = /^(last|this|next) (?:(\d+) )?(days|months|week|month|quarter|year)$/.exec(word) ?? []
  const by = SHIFTS[shift] ?? 0
  if (unit === 'days') return days(Number(count), by, today)
  if (unit === 'months') return count === '6' && by !== 0 ? halfYear(by, today) : [today, today]
  if (unit !== undefined && count === undefined) return period(unit as Unit, by, today)
  return word === 'yesterday' ? period('day', -1, today) : word === 'tomorrow' ? period('day', 1, today) : [today, today]
}

/** So many days beside today, and today. */
function days(count: number, by: number, today: string): Days {
  if (by === 0 || ![7, 14, 30, 90].includes(count)) return [today, today]
  const other = plusDays(today, by * count)
  return by < 0 ? [other, today] : [today, other]
}

const halfYear = (by: number, today: string): Days =>
  by < 0
    ? [period('quarter', -2, today)[0], period('quarter', -1, today)[1]]
    : [period('quarter', 1, today)[0], period('quarter', 2, today)[1]]

/** The whole period that lies so many of its kind from the one that holds the day. */
function period(unit: Unit, by: number, day: string): Days {
  if (unit === 'day') return [plusDays(day, by), plusDays(day, by)]
  const date = new Date(`${day}T00:00:00Z`)
  if (unit === 'week') {
    const sunday = plusDays(day, by * 7 - date.getUTCDay())
    return [sunday, plusDays(sunday, 6)]
  }
  const months = MONTHS[unit]
  const first = Math.floor(date.getUTCMonth() / months) * months + by * months
  const start = (month: number): string => textOf(Date.UTC(date.getUTCFullYear(), month, 1))
  return [start(first), plusDays(start(first + months), -1)]
}

const plusDays = (day: string, count: number): string => textOf(Date.parse(`${day}T00:00:00Z`) + count * 86_400_000)
const textOf = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 10)
