import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { OAUTH_PATHS } from '@annex/protocol'
import { SignInRequired, UpstreamUnavailable } from '../errors.ts'
import { FakeSite } from '../fake-site.fixture.ts'
import { TestApp } from '../test-app.fixture.ts'

let site: FakeSite
let app: TestApp
const HOUR = 3_600_000

beforeEach(async () => {
  site = await new FakeSite().start()
  app = new TestApp(site)
  await app.signIn()
})
afterEach(() => site.close())

test('a good token is handed out without asking the site', async () => {
  const connection = await app.connection()
  expect(await connection.token()).toBe(await connection.token())
  expect(site.refreshes).toBe(0)
})

test('two hundred callers at once renew once and get one token', async () => {
  const connection = await app.connection()
  const before = await connection.token()
  app.ahead = HOUR
  const acquire = vi.spyOn(app.store.leases, 'acquire')
  const tokens = await Promise.all(Array.from({ length: 200 }, () => connection.token()))
  expect(new Set(tokens).size).toBe(1)
  expect(tokens[0]).not.toBe(before)
  expect(site.refreshes).toBe(1)
  expect(site.count(OAUTH_PATHS.token)).toBe(2)
  expect(acquire).toHaveBeenCalledTimes(1)
})

test('a token is renewed a minute before its end, and the time counts from before the request', async () => {
  const connection = await app.connection()
  app.ahead = HOUR - 70_000
  await connection.token()
  expect(site.refreshes).toBe(0)
  app.ahead = HOUR - 55_000
  await connection.token()
  expect(site.refreshes).toBe(1)
})

test('callers who all saw one token refused renew once', async () => {
  const connection = await app.connection()
  const rejected = await connection.token()
  const tokens = await Promise.all(Array.from({ length: 20 }, () => connection.token({ rejected })))
  expect(new Set(tokens).size).toBe(1)
  expect(await connection.token({ rejected })).toBe(tokens[0])
  expect(site.refreshes).toBe(1)
})

test('a lost answer is asked for again with the same refresh token', async () => {
  const connection = await app.connection()
  app.ahead = HOUR
  site.faults.loseTokenAnswers = 1
  const token = await connection.token()
  expect(site.refreshes).toBe(1)
  const [first, second] = site.requests.filter((request) => request.body.includes('grant_type=refresh_token'))
  expect(first!.body).toBe(second!.body)
  expect(await connection.token()).toBe(token)
})

test('a lost answer of two attempts is still had within the leeway, while the old token serves', async () => {
  const connection = await app.connection()
  const before = await connection.token()
  app.ahead = HOUR - 50_000
  site.faults.loseTokenAnswers = 2
  expect(await connection.token()).toBe(before)
  expect(await connection.token()).toBe(before)
  expect(site.count(OAUTH_PATHS.token)).toBe(3)
  app.ahead += 2_500
  expect(await connection.token()).not.toBe(before)
  expect(site.refreshes).toBe(1)
})

test.each([503, 500, 429])('an answer of %i keeps the old token in use while it is good, and no longer', async (status) => {
  const connection = await app.connection()
  const before = await connection.token()
  site.faults.tokenStatus = status
  app.ahead = HOUR - 50_000
  expect(await connection.token()).toBe(before)
  app.ahead = HOUR
  await expect(connection.token()).rejects.toThrow(UpstreamUnavailable)
  site.faults.tokenStatus = undefined
  expect(await connection.token()).not.toBe(before)
})

test('a site that asks to be left alone is asked once, and left alone for that long', async () => {
  const connection = await app.connection()
  Object.assign(site.faults, { tokenStatus: 429, retryAfter: '20' })
  app.ahead = HOUR - 50_000
  await connection.token()
  app.ahead += 19_000
  await connection.token()
  expect(site.count(OAUTH_PATHS.token)).toBe(2)
  app.ahead += 2_000
  await connection.token()
  expect(site.count(OAUTH_PATHS.token)).toBe(3)
})

test('a site that is down signs nobody out', async () => {
  const connection = await app.connection()
  site.faults.down = true
  app.ahead = HOUR
  await expect(connection.token()).rejects.toThrow(UpstreamUnavailable)
  site.faults.down = false
  await expect(connection.token()).resolves.toBeTypeOf('string')
})

test('revoked access asks for a sign-in, forgets the tokens and keeps the session', async () => {
  const connection = await app.connection()
  const rejected = await connection.token()
  site.revokeAll()
  const error = await connection.token({ rejected }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(SignInRequired)
  expect((error as SignInRequired).url).toBe('http://localhost:4100/connect/login')
  expect(await app.store.connections.read(connection.id)).toMatchObject({ sealed: null, scopes: [] })
  expect((await app.connector.session(app.request()))?.user.name).toBe('Sam Seller')
  await app.signIn()
  await expect(connection.token()).resolves.toBeTypeOf('string')
})

test('invalid_grant for a refresh token that is no longer the stored one ends nothing', async () => {
  const connection = await app.connection()
  const rejected = await connection.token()
  // Another sign-in lands between the reading of the row and the answer of the site.
  site.override = (request) => {
    if (!request.body.includes('grant_type=refresh_token')) return undefined
    site.override = undefined
    return { status: 400, json: { error: 'invalid_grant' } }
  }
  const other = new TestApp(site, { store: app.store, keys: app.keys })
  const original = app.store.leases.acquire.bind(app.store.leases)
  let signedIn = false
  app.store.leases.acquire = async (...lease) => {
    const got = await original(...lease)
    if (lease[0].startsWith('renew:') && !signedIn) {
      signedIn = true
      const read = app.store.connections.read.bind(app.store.connections)
      let reads = 0
      app.store.connections.read = async (id) => {
        if (++reads === 2) await other.signIn()
        return read(id)
      }
    }
    return got
  }
  await expect(connection.token({ rejected })).resolves.not.toBe(rejected)
  expect(app.events).not.toContain('access-ended')
})

test('a refusal of the app itself is told as such and wipes nothing', async () => {
  const connection = await app.connection()
  app.ahead = HOUR
  site.override = (request) => (request.path === OAUTH_PATHS.token ? { status: 401, json: { error: 'invalid_client' } } : undefined)
  await expect(connection.token()).rejects.toMatchObject({ code: 'invalid_client' })
  site.override = undefined
  await expect(connection.token()).resolves.toBeTypeOf('string')
})

test("Frappe 15's 404 for a refresh token means that access has ended", async () => {
  const connection = await app.connection()
  app.ahead = HOUR
  site.override = (request) => (request.path === OAUTH_PATHS.token ? { status: 404, json: { exc_type: 'DoesNotExistError' } } : undefined)
  await expect(connection.token()).rejects.toThrow(SignInRequired)
})

test('a scope that shrinks on renewal is stored', async () => {
  const connection = await app.connection()
  app.ahead = HOUR
  site.override = (request) =>
    request.path === OAUTH_PATHS.token ? { json: { access_token: 'narrow', expires_in: 3600, scope: 'openid' } } : undefined
  expect(await connection.token()).toBe('narrow')
  expect(await connection.scopes()).toEqual(['openid'])
  site.override = undefined
  app.ahead = 2 * HOUR
  await connection.token()
  expect(site.refreshes).toBe(1)
})
