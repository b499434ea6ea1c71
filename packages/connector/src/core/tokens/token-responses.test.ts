import { expect, test } from 'vitest'
import { OAUTH_PATHS } from '@annex/protocol'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../testing/test-app.ts'
import { TestClock } from '../../testing/test-clock.ts'
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

test('the life of a token counts from before it was asked for, at a sign-in and at a renewal', async () => {
  const HOUR = 3_600_000
  const slow = new FakeUpstream({ clock: new TestClock(1_800_000_000_000) })
  const patient = new TestApp(slow, {
    fetch: async (url, init) => {
      const answer = await slow.fetch(url, init)
      if (url.includes(OAUTH_PATHS.token)) slow.clock.advance(30_000)
      return answer
    },
  })
  await patient.signIn()
  const connection = await patient.connection()
  const held = async () => (await patient.store.of('').connections.read(connection.id))!
  for (let times = 0; times < 2; times++) {
    expect(slow.clock.now() - (await held()).issuedAt).toBe(30_000)
    expect((await held()).expiresAt - slow.clock.now()).toBe(HOUR - 30_000)
    await connection.token({ rejected: await connection.token() })
  }
  expect(slow.renewals).toBe(2)
})
