import { beforeEach, expect, test } from 'vitest'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../../testing/test-app.ts'
import { TestClock } from '../../../testing/test-clock.ts'
import { OAUTH_PATHS } from '@annex/protocol'

const HOUR = 3_600_000
const DAY = 24 * HOUR

let site: FakeUpstream
let app: TestApp
let lastUse: number
beforeEach(async () => {
  site = new FakeUpstream({ clock: new TestClock(1_800_000_000_000) })
  app = new TestApp(site, { keepAliveMs: DAY })
  await app.signIn()
  lastUse = site.clock.now()
  // This site forgets whoever asked for nothing during thirty days.
  site.override = (request) => {
    if (request.path !== OAUTH_PATHS.token) return undefined
    if (site.clock.now() - lastUse > 30 * DAY) return { status: 400, json: { error: 'invalid_grant' } }
    lastUse = site.clock.now()
    return undefined
  }
})

test('weekend: a token of Friday is renewed by the first call on Monday, and nobody is asked', async () => {
  const connection = await app.connection()
  const friday = await connection.token()
  site.clock.advance(3 * DAY)
  expect(await connection.token()).not.toBe(friday)
  expect(site.renewals).toBe(1)
  expect(await connection.state()).toMatchObject({ state: 'active' })
})

test('a connection that nobody uses for months is kept alive by the worker', async () => {
  const connection = await app.connection()
  for (let day = 0; day < 90; day++) {
    site.clock.advance(DAY + 1)
    expect(await app.connector.work()).toMatchObject({ renewed: 1 })
    expect(await app.connector.work()).toMatchObject({ renewed: 0 })
  }
  await expect(connection.token()).resolves.toBeTypeOf('string')
  expect(app.events).not.toContain('access-ended')
})

test('without the worker the site forgets it, and the app is told', async () => {
  const told: unknown[] = []
  app.connector.on('needs-sign-in', (detail) => void told.push(detail))
  const connection = await app.connection()
  site.clock.advance(31 * DAY)
  await expect(connection.token()).rejects.toMatchObject({ reason: 'expired' })
  await expect.poll(() => told).toEqual([{ connection: connection.id, reason: 'expired' }])
  expect(await app.connector.work()).toMatchObject({ told: 0 })
  expect(told).toHaveLength(1)
})

test('D12 a site that is down ends the round and nobody’s access', async () => {
  const connection = await app.connection()
  site.clock.advance(2 * DAY)
  site.faults.down = true
  expect(await app.connector.work()).toMatchObject({ renewed: 0 })
  expect(await connection.state()).toMatchObject({ state: 'degraded' })
  site.faults.down = false
  site.clock.advance(HOUR)
  expect(await app.connector.work()).toMatchObject({ renewed: 1 })
  expect(await connection.state()).toMatchObject({ state: 'active' })
})

test('a refusal of the app itself ends the round and nobody’s access', async () => {
  const connection = await app.connection()
  site.clock.advance(2 * DAY)
  site.override = (request) => (request.path === OAUTH_PATHS.token ? { status: 401, json: { error: 'invalid_client' } } : undefined)
  expect(await app.connector.work()).toMatchObject({ renewed: 0 })
  expect(app.events).toContain('keep-alive-stopped')
  expect(await connection.state()).toMatchObject({ state: 'active' })
})

test('of two processes at work one renews', async () => {
  const other = new TestApp(site, { keepAliveMs: DAY, store: app.store, keys: app.keys })
  site.clock.advance(2 * DAY)
  const rounds = await Promise.all([app.connector.work(), other.connector.work()])
  expect(rounds.map((round) => round.renewed)).toEqual(expect.arrayContaining([0, 1]))
  expect(site.renewals).toBe(1)
})

test('whoever has to sign in again is counted as nothing and left alone', async () => {
  await site.revoke()
  site.clock.advance(2 * DAY)
  expect(await app.connector.work()).toMatchObject({ renewed: 0 })
  const asked = site.count(OAUTH_PATHS.token)
  expect(await app.connector.work()).toMatchObject({ renewed: 0 })
  expect(site.count(OAUTH_PATHS.token)).toBe(asked)
})

test('a round that is stopped renews no more', async () => {
  site.clock.advance(2 * DAY)
  expect(await app.connector.work({ signal: AbortSignal.abort() })).toMatchObject({ renewed: 0 })
  expect(site.renewals).toBe(0)
})
