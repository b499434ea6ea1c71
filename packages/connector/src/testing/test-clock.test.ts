import { expect, test } from 'vitest'
import { TestClock } from './test-clock.ts'

test('a clock with a start stands still until it is moved, and others see it as wrong as they are', () => {
  const clock = new TestClock(1000)
  const slow = clock.skewed(-300)
  expect([clock.now(), slow()]).toEqual([1000, 700])
  clock.advance(500)
  expect([clock.now(), slow()]).toEqual([1500, 1200])
})

test('a clock without a start goes with the time of day, and may be ahead of it', () => {
  const clock = new TestClock()
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1000)
  clock.advance(3_600_000)
  expect(clock.now() - Date.now()).toBeGreaterThan(3_599_000)
})
