const MINUTE = 60_000
const MOST_KEPT = 20_000
const formats = new Map<string, Intl.DateTimeFormat>()
const offsets = new Map<string, number>()

/** Whether the text names a time zone of the IANA database, or `UTC`. */
export function isZone(zone: string): boolean {
  try {
    formatOf(zone)
    return true
  } catch {
    return false
  }
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known) return known
  const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' } as const
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', era: 'short', ...fields })
  formats.set(zone, format)
  return format
}

/** Milliseconds that clocks of the zone are ahead of UTC at that instant. */
export function offsetAt(zone: string, epochMilliseconds: number): number {
  if (zone === 'UTC') return 0
  // Since 1973 zones have changed at whole quarters of an hour only, so one answer serves a quarter.
  if (epochMilliseconds < 94_694_400_000) return computeOffset(zone, epochMilliseconds)
  const quarter = Math.floor(epochMilliseconds / (15 * MINUTE))
  const key = `${zone} ${quarter}`
  const known = offsets.get(key)
  if (known !== undefined) return known
  if (offsets.size >= MOST_KEPT) offsets.clear()
  const offset = computeOffset(zone, quarter * 15 * MINUTE)
  offsets.set(key, offset)
  return offset
}

function computeOffset(zone: string, epochMilliseconds: number): number {
  const whole = Math.floor(epochMilliseconds / 1000) * 1000
  const parts = new Map(
    formatOf(zone)
      .formatToParts(whole)
      .map(({ type, value }) => [type, value]),
  )
  const number = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type))
  const year = parts.get('era')?.startsWith('B') ? 1 - number('year') : number('year')
  const local = new Date(0)
  local.setUTCFullYear(year, number('month') - 1, number('day'))
  local.setUTCHours(number('hour'), number('minute'), number('second'))
  return local.getTime() - whole
}

/**
 * The instant at which clocks of the zone show that time. Of two (autumn) the earlier;
 * a time that is skipped (spring) counts on with the offset from before.
 */
export function instantOf(zone: string, localMilliseconds: number): number {
  if (zone === 'UTC') return localMilliseconds
  const day = 86_400_000
  const before = offsetAt(zone, localMilliseconds - day)
  const after = offsetAt(zone, localMilliseconds + day)
  for (const offset of [Math.max(before, after), Math.min(before, after)]) {
    if (offsetAt(zone, localMilliseconds - offset) === offset) return localMilliseconds - offset
  }
  return localMilliseconds - before
}
