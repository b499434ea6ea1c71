import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { OAUTH_PATHS } from '@annex/protocol'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../../testing/test-app.ts'

const HOUR = 3_600_000

let site: FakeUpstream
let app: TestApp
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  site = new FakeUpstream()
  app = new TestApp(site)
  await app.signIn()
  site.clock.advance(HOUR)
})
afterEach(() => void vi.useRealTimers())

const pass = (ms: number): Promise<unknown> => {
  site.clock.advance(ms)
  return vi.advanceTimersByTimeAsync(ms + 100)
}

/** One whose renewal the site has made, and whose answers were lost on the way. */
async function connectionLeftUnanswered(): ReturnType<TestApp['connection']> {
  const connection = await app.connection()
  site.faults.loseTokenAnswers = 2
  await connection.token().catch(() => undefined)
  return connection
}

test('D8 two lost answers are asked for again inside the leeway by the process that asked, though nobody calls', async () => {
  const connection = await app.connection()
  site.faults.loseTokenAnswers = 2
  await expect(connection.token()).rejects.toMatchObject({ code: 'unreachable' })
  await pass(1_000)
  await expect.poll(async () => (await connection.state())?.state).toBe('active')
  site.clock.advance(60_000)
  await expect(connection.token()).resolves.toBeTypeOf('string')
  expect(site.renewals).toBe(1)
})

test('D8 the worker asks for them too, where timers do not run', async () => {
  const connection = await connectionLeftUnanswered()
  expect(await app.connector.work()).toMatchObject({ renewed: 0 })
  site.clock.advance(1_000)
  expect(await app.connector.work()).toMatchObject({ renewed: 1 })
  expect(await app.connector.work()).toMatchObject({ renewed: 0 })
  site.clock.advance(60_000)
  await expect(connection.token()).resolves.toBeTypeOf('string')
})

test('D8 a site that has failed for long loses an answer: it is asked for inside the leeway all the same', async () => {
  const connection = await app.connection()
  site.faults.down = true
  for (let minute = 0; minute < 5; minute++) {
    await connection.token().catch(() => undefined)
    await pass(60_000)
  }
  site.faults.down = false
  site.faults.loseTokenAnswers = 2
  await connection.token().catch(() => undefined)
  await pass(1_000)
  await expect.poll(async () => (await connection.state())?.state).toBe('active')
})

test('D8 what another process had meanwhile is asked for no more', async () => {
  const connection = await app.connection()
  const other = new TestApp(site, { store: app.store, keys: app.keys })
  site.faults.loseTokenAnswers = 2
  await connection.token().catch(() => undefined)
  await other.connector.connection(connection.id).token()
  const asked = site.count(OAUTH_PATHS.token)
  site.clock.advance(1_000)
  expect(await app.connector.work()).toMatchObject({ renewed: 1 })
  expect(await app.connector.work()).toMatchObject({ renewed: 0 })
  expect(vi.getTimerCount()).toBe(0)
  expect(site.count(OAUTH_PATHS.token)).toBe(asked)
})

test('D8 a turn that comes after the leeway shows the site no token that may be spent', async () => {
  const connection = await connectionLeftUnanswered()
  const { leases } = app.store.of('')
  await leases.acquire(`renew:${connection.id}`, 'another', 60_000)
  const asked = site.count(OAUTH_PATHS.token)
  await pass(1_000)
  await pass(9_000)
  await leases.release(`renew:${connection.id}`, 'another')
  await pass(1_000)
  expect(vi.getTimerCount()).toBe(0)
  expect(site.count(OAUTH_PATHS.token)).toBe(asked)
})

test('a site that fails on is asked three times more, and then left alone', async () => {
  const connection = await app.connection()
  site.faults.tokenStatus = 503
  await connection.token().catch(() => undefined)
  const asked = site.count(OAUTH_PATHS.token)
  for (let second = 0; second < 60; second++) {
    await pass(1_000)
    await app.connector.work()
  }
  expect(site.count(OAUTH_PATHS.token)).toBe(asked + 3 * 2)
})

test('a site that asks to be left alone has lost nothing, and is left alone', async () => {
  const connection = await app.connection()
  Object.assign(site.faults, { tokenStatus: 429, retryAfter: '20' })
  await connection.token().catch(() => undefined)
  const asked = site.count(OAUTH_PATHS.token)
  await pass(10_000)
  await app.connector.work()
  expect(site.count(OAUTH_PATHS.token)).toBe(asked)
})
