import { expect, test } from 'vitest'
import { parseTokens } from './token-responses.ts'

const expiresAt = (expires_in: unknown): number =>
  parseTokens(
    { status: 200, headers: new Headers(), json: { access_token: 'a', expires_in } },
    { at: 1_000_000, scopes: ['openid'], refresh: null },
  ).expiresAt

test.each([
  [1800, 2_800_000],
  ['60', 1_060_000],
  [0.0004, 1_000_000],
  [1.0005, 1_001_000],
  [1e300, 1_000_000 + 31_536_000_000],
  [Infinity, 1_000_000 + 31_536_000_000],
  [-1, 4_600_000],
  ['soon', 4_600_000],
  [undefined, 4_600_000],
])('a life of %j seconds is whole milliseconds that a store can keep, a year at most', (said, until) => {
  expect(expiresAt(said)).toBe(until)
})
