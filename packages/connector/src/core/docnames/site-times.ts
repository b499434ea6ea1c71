const DAY_MS = 86_400_000

/**
 * Whether a time as a site writes it (naive, of its own zone) came twice: in the hour that is repeated when summer time ends.
 *
 * Of two such times the text does not say which was first.
 */
export function isRepeated(text: string, timeZone: string): boolean {
  const naive = Date.parse(`${text.slice(0, 23).replace(' ', 'T')}Z`)
  if (Number.isNaN(naive)) return false
  const offsets = new Set([offsetAt(naive - DAY_MS, timeZone), offsetAt(naive + DAY_MS, timeZone)])
  return offsets.size === 2 && [...offsets].every((offset) => offsetAt(naive - offset, timeZone) === offset)
}

/** What the clocks of a zone show beyond UTC, in milliseconds. */
function offsetAt(time: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(time)
  const read = (type: string): number => Number(parts.find((part) => part.type === type)?.value)
  const shown = Date.UTC(read('year'), read('month') - 1, read('day'), read('hour'), read('minute'), read('second'))
  return shown - Math.floor(time / 1000) * 1000
}
