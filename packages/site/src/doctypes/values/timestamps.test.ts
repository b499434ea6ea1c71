import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Clock } from './clock.ts'
import { formatDatetime, formatTime, formatTimestamp, parseDate, parseTime, parseTimestamp } from './timestamps.ts'
import { isZone } from './zone.ts'

const instant = (iso: string): number => Date.parse(iso) * 1000

describe('timestamps', () => {
  it('read naive text as a time of the zone', () => {
    expect(parseTimestamp('2026-02-03 04:05:06', 'UTC')).toBe(instant('2026-02-03T04:05:06Z'))
    expect(parseTimestamp('2026-02-03 04:05:06.000007', 'Asia/Kolkata')).toBe(instant('2026-02-02T22:35:06Z') + 7)
    expect(parseTimestamp('2026-07-01', 'Europe/Berlin')).toBe(instant('2026-06-30T22:00:00Z'))
  })

  it('read ISO 8601 with Z or an offset whatever the zone is', () => {
    for (const zone of ['UTC', 'America/New_York']) {
      expect(parseTimestamp('2024-01-31T10:11:12Z', zone)).toBe(instant('2024-01-31T10:11:12Z'))
      expect(parseTimestamp('2024-01-31T10:11:12.5+05:30', zone)).toBe(instant('2024-01-31T04:41:12.5Z'))
    }
  })

  it.each([
    'yesterday-ish',
    '31-01-2024',
    '2024-02-30 10:00:00',
    '2024-01-31 25:00:00',
    '2024-01-31 10:61',
    '2024-01-31T10:11:12+99:00',
    '',
    '0000-01-01',
  ])('refuse %j', (text) => {
    expect(parseTimestamp(text, 'UTC')).toBeUndefined()
  })

  it('come back as they were written, in any zone, summer and winter', () => {
    const zones = ['UTC', 'Asia/Kolkata', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Pacific/Apia']
    fc.assert(
      fc.property(
        fc.integer({ min: instant('1975-01-01T00:00:00Z'), max: instant('2200-01-01T00:00:00Z') }),
        fc.constantFrom(...zones),
        (micros, zone) => {
          const text = formatTimestamp(micros, zone)
          const again = parseTimestamp(text, zone)
          expect(again).toBeDefined()
          expect(formatTimestamp(again ?? 0, zone)).toBe(text)
        },
      ),
    )
  })

  it('keep a day of long ago and the end of time', () => {
    for (const text of ['0001-01-01 00:00:00', '1899-12-31 23:59:59', '9999-12-31 23:59:59']) {
      const micros = parseTimestamp(text, 'UTC')
      expect(micros !== undefined && formatDatetime(micros, 'UTC')).toBe(text)
    }
  })

  it('count on through the hour that spring skips, and take the earlier of two in autumn', () => {
    expect(parseTimestamp('2026-03-29 02:30:00', 'Europe/Berlin')).toBe(instant('2026-03-29T01:30:00Z'))
    expect(parseTimestamp('2026-10-25 02:30:00', 'Europe/Berlin')).toBe(instant('2026-10-25T00:30:00Z'))
  })

  it('are shown with six digits, a Datetime without a fraction of zero', () => {
    expect(formatTimestamp(instant('2026-02-03T04:05:06Z'), 'UTC')).toBe('2026-02-03 04:05:06.000000')
    expect(formatDatetime(instant('2026-02-03T04:05:06Z'), 'UTC')).toBe('2026-02-03 04:05:06')
    expect(formatDatetime(instant('2026-02-03T04:05:06Z') + 70, 'UTC')).toBe('2026-02-03 04:05:06.000070')
  })
})

describe('dates and times of day', () => {
  it('take a real day, and cut a naive time off', () => {
    expect(parseDate('2024-02-29')).toBe('2024-02-29')
    expect(parseDate('2024-02-29 10:11:12')).toBe('2024-02-29')
    for (const text of ['2023-02-29', '2024-13-01', '2024-1-5', '2024-01-31T10:11:12Z', 'today']) expect(parseDate(text)).toBeUndefined()
  })

  it('are padded when stored and as Frappe shows them when read', () => {
    expect(parseTime('8:30')).toBe('08:30:00.000000')
    expect(parseTime('23:59:59.5')).toBe('23:59:59.500000')
    expect(parseTime('24:00:00')).toBeUndefined()
    expect(formatTime('08:30:00.000000')).toBe('8:30:00')
    expect(formatTime('05:52:33.817542')).toBe('5:52:33.817542')
    expect(formatTime('00:00:00.000000')).toBe('0:00:00')
    expect(formatTime('10:00:00.000000')).toBe('10:00:00')
  })

  it('know zones from other words', () => {
    expect(isZone('Europe/Berlin')).toBe(true)
    expect(isZone('Mars/Olympus')).toBe(false)
  })
})

it('a clock never shows the same time twice, nor one that is not after a stored one', () => {
  const clock = new Clock()
  const times = Array.from({ length: 5000 }, () => clock.now())
  expect(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0))).toBe(true)
  const future = Date.now() * 1000 + 3_600_000_000
  expect(clock.now(future)).toBe(future + 1)
  expect(clock.now()).toBeGreaterThan(future + 1)
})
