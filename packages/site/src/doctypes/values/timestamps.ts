import { instantOf, offsetAt } from './zone.ts'

const DATE = String.raw`(\d{4})-(\d{2})-(\d{2})`
const CLOCK = String.raw`(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?`
const TIME_ONLY = new RegExp(`^${CLOCK}$`)
const DATETIME = new RegExp(String.raw`^${DATE}(?:[T ]${CLOCK}\s*(Z|[+-]\d{2}:?\d{2})?)?$`)

/** Every number of up to three digits: a list shows many times. */
const PADDED = [0, 10, 100, 1000].map((most, width) => Array.from({ length: most }, (_, number) => String(number).padStart(width, '0')))
const pad = (number: number, width: number): string => PADDED[width]?.[number] ?? String(number).padStart(width, '0')

/** UTC midnight of a real calendar day, in milliseconds. */
function dayOf(year: string, month: string, day: string): number | undefined {
  const date = new Date(0)
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  const real = Number(year) > 0 && date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day)
  return real ? date.getTime() : undefined
}

/** Microseconds since midnight. */
function clockOf(
  hour: string | undefined,
  minute: string | undefined,
  second: string | undefined,
  fraction: string | undefined,
): number | undefined {
  const [hours, minutes, seconds] = [Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0)]
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined
  return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + Number((fraction ?? '').padEnd(6, '0').slice(0, 6))
}

/** `YYYY-MM-DD` (a time without a zone behind it is cut off) as it is stored, or undefined when it is no day. */
export function parseDate(text: string): string | undefined {
  const found = DATETIME.exec(text)
  if (!found || found[8] !== undefined) return undefined
  if (dayOf(found[1]!, found[2]!, found[3]!) === undefined || clockOf(found[4], found[5], found[6], found[7]) === undefined)
    return undefined
  return text.slice(0, 10)
}

/** `H:MM`, `HH:MM:SS` or `HH:MM:SS.ffffff` as it is stored, padded to microseconds so that text order is time order. */
export function parseTime(text: string): string | undefined {
  const found = TIME_ONLY.exec(text)
  const clock = found ? clockOf(found[1], found[2], found[3], found[4]) : undefined
  if (clock === undefined) return undefined
  return formatClock(clock)
}

function formatClock(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000)
  return `${pad(Math.floor(seconds / 3600), 2)}:${pad(Math.floor(seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}.${pad(micros % 1_000_000, 6)}`
}

/**
 * A time as a caller writes it: naive text of the zone (`YYYY-MM-DD[ HH:MM[:SS[.ffffff]]]`) or ISO 8601 with `Z` or an offset.
 *
 * @returns UTC microseconds, or undefined when the text is no time; beyond the year 2255 whole seconds
 */
export function parseTimestamp(text: string, zone: string): number | undefined {
  const found = DATETIME.exec(text.trim())
  const day = found ? dayOf(found[1]!, found[2]!, found[3]!) : undefined
  const clock = found ? clockOf(found[4], found[5], found[6], found[7]) : undefined
  if (!found || day === undefined || clock === undefined) return undefined
  const local = day + Math.floor(clock / 1000)
  const offset = found[8] === undefined ? undefined : parseOffset(found[8])
  if (Number.isNaN(offset)) return undefined
  const instant = offset === undefined ? instantOf(zone, local) : local - offset
  const micros = instant * 1000 + (clock % 1000)
  // A double holds microseconds exactly until 2255, and whole seconds for ever after.
  return Number.isSafeInteger(micros) ? micros : Math.floor(instant / 1000) * 1_000_000
}

/** Milliseconds; NaN when it is no offset. */
function parseOffset(text: string): number {
  if (text === 'Z') return 0
  const [hours, minutes] = [Number(text.slice(1, 3)), Number(text.slice(-2))]
  if (hours > 14 || minutes > 59) return Number.NaN
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000
}

/** `YYYY-MM-DD HH:MM:SS.ffffff` in the zone, as `creation` and `modified` are shown. */
export function formatTimestamp(micros: number, zone: string): string {
  const milliseconds = Math.floor(micros / 1000)
  const local = new Date(milliseconds + offsetAt(zone, milliseconds))
  const day = `${pad(local.getUTCFullYear(), 4)}-${pad(local.getUTCMonth() + 1, 2)}-${pad(local.getUTCDate(), 2)}`
  const clock = `${pad(local.getUTCHours(), 2)}:${pad(local.getUTCMinutes(), 2)}:${pad(local.getUTCSeconds(), 2)}`
  return `${day} ${clock}.${pad(local.getUTCMilliseconds(), 3)}${pad(micros - milliseconds * 1000, 3)}`
}

/** As `formatTimestamp`, without a fraction of zero: how Datetime fields are shown. */
export const formatDatetime = (micros: number, zone: string): string => withoutZeroFraction(formatTimestamp(micros, zone))

/** A stored Time as Frappe shows it: the hour not padded, no fraction of zero. */
export const formatTime = (stored: string): string => withoutZeroFraction(stored).replace(/^0(\d)/, '$1')

const withoutZeroFraction = (text: string): string => (text.endsWith('.000000') ? text.slice(0, -7) : text)
