import { FrappeError } from '@annex/protocol'
import type { Values } from '@annex/protocol'
import { formatTimestamp } from '../values/timestamps.ts'

/** What the parts of a series are filled with. */
export interface SeriesFacts {
  readonly values: Values
  /** UTC microseconds. */
  readonly now: number
  readonly zone: string
}

/** A series with all filled in but its counter. */
export interface FilledSeries {
  /** What the counter counts within. */
  readonly prefix: string
  /** Zero-padded to so many digits; 0 = the name has no counter. */
  readonly digits: number
  readonly suffix: string
}

const PERMITTED = /^[\p{L}\p{N}\-/.#{}_ ]+$/u

/** @throws {FrappeError} `InvalidNamingSeriesError` */
export function checkSeries(series: string): void {
  if (PERMITTED.test(series)) return
  throw new FrappeError(
    'InvalidNamingSeriesError',
    `Naming series "${series.slice(0, 60)}": use letters, digits, spaces and - / . # { } _ only`,
  )
}

/** `INV-.YYYY.-.#####`: parts apart by dots. A series without a counter gets one of five digits. */
export function fillSeries(series: string, facts: SeriesFacts): FilledSeries {
  checkSeries(series)
  return joined(`${series}.#####`.split('.').map((part) => (/^#+$/.test(part) ? part : fillPart(part, facts))))
}

/** `INV-{YYYY}-{customer}-{####}`: parts in braces. Without a counter the name is what the fields say. */
export function fillFormat(format: string, facts: SeriesFacts): FilledSeries {
  return joined(
    format.split(/(\{[^{}]*\})/).map((part) => {
      if (!part.startsWith('{')) return part === '' ? part : literal(part)
      const inner = part.slice(1, -1).trim()
      return /^#+$/.test(inner) ? inner : fillPart(part, facts)
    }),
  )
}

// A literal run of # outside braces is no counter; it is marked so that it is not taken for one.
const literal = (text: string): string => `\u0000${text}`
const plain = (part: string): string => part.replaceAll('\u0000', '')

/** Only the first run of # counts; later ones are dropped. */
function joined(parts: readonly string[]): FilledSeries {
  const at = parts.findIndex((part) => /^#+$/.test(part))
  const before = at < 0 ? parts : parts.slice(0, at)
  const after = at < 0 ? [] : parts.slice(at + 1).filter((part) => !/^#+$/.test(part))
  return { prefix: before.map(plain).join(''), digits: at < 0 ? 0 : parts[at]!.length, suffix: after.map(plain).join('') }
}

function fillPart(part: string, facts: SeriesFacts): string {
  const moment = formatTimestamp(facts.now, facts.zone)
  const braced = /^\{(.*)\}$/.exec(part)
  const word = (braced?.[1] ?? part).trim()
  const dated: Readonly<Record<string, () => string>> = {
    YYYY: () => moment.slice(0, 4),
    YY: () => moment.slice(2, 4),
    MM: () => moment.slice(5, 7),
    DD: () => moment.slice(8, 10),
    WW: () => weekOf(moment),
    timestamp: () => moment,
  }
  const date = Object.hasOwn(dated, word) ? dated[word] : undefined
  if (date) return literal(date())
  if (Object.hasOwn(facts.values, word)) return literal(fieldText(facts.values[word]))
  return braced ? '' : literal(part)
}

const fieldText = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value).replaceAll('\u0000', '') : ''

/** Week of the year, Monday first, in two digits (ISO 8601). */
function weekOf(moment: string): string {
  const day = new Date(`${moment.slice(0, 10)}T00:00:00Z`)
  const thursday = new Date(day.getTime() + (3 - ((day.getUTCDay() + 6) % 7)) * 86_400_000)
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1)
  return String(Math.floor((thursday.getTime() - first) / (7 * 86_400_000)) + 1).padStart(2, '0')
}
