import { expect, test } from 'vitest'
import { isRepeated } from './site-times.ts'

test.each([
  ['2026-10-25 02:00:00.000000', 'Europe/Berlin', true],
  ['2026-10-25 02:59:59.999999', 'Europe/Berlin', true],
  ['2026-10-25 01:59:59.999999', 'Europe/Berlin', false],
  ['2026-10-25 03:00:00.000000', 'Europe/Berlin', false],
  ['2026-03-29 02:30:00.000000', 'Europe/Berlin', false],
  ['2026-11-01 01:30:00.000000', 'America/New_York', true],
  ['2026-04-05 01:45:00.000000', 'Australia/Lord_Howe', true],
  ['2026-04-05 01:15:00.000000', 'Australia/Lord_Howe', false],
  ['2026-10-25 02:30:00.000000', 'Asia/Kolkata', false],
  ['2026-10-25 02:30:00.000000', 'Etc/UTC', false],
  ['', 'Europe/Berlin', false],
])('%j of %s came twice: %s', (text, zone, expected) => {
  expect(isRepeated(text, zone)).toBe(expected)
})
