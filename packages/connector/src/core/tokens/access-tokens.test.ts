import { beforeEach, expect, test, vi } from 'vitest'
import { OAUTH_PATHS } from '@annex/protocol'
import { SignInRequired, UpstreamUnavailable } from '../errors.ts'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../testing/test-app.ts'

let site: FakeUpstream
let app: TestApp
const HOUR = 3_600_000

beforeEach(async () => {
  site = new FakeUpstream()
  app = new TestApp(site)
  await app.signIn()
})

test('D6 a good token is handed out without asking the site', async () => {
  const connection = await app.connection()
  const asked = site.requests.length
  expect(await connection.token()).toBe(await connection.token())
  expect(site.requests).toHaveLength(asked)
})

test('D8 two hundred callers at once renew once and get one token', async () => {
  const connection = await app.connection()
  const before = await connection.token()
  app.ahead = HOUR
  const acquire = vi.spyOn(app.store.of('').leases, 'acquire')
  const tokens = await Promise.all(Array.from({ length: 200 }, () => connection.token()))
  expect(new Set(tokens).size).toBe(1)
  expect(tokens[0]).not.toBe(before)
  expect(site.renewals).toBe(1)
  expect(site.count(OAUTH_PATHS.token)).toBe(2)
  expect(acquire).toHaveBeenCalledTimes(1)
})

test('a token is renewed a minute before its end', async () => {
  const connection = await app.connection()
  app.ahead = HOUR - 70_000
  await connection.token()
  expect(site.renewals).toBe(0)
  app.ahead = HOUR - 55_000
  await connection.token()
  expect(site.renewals).toBe(1)
})

test('callers who all saw one token refused renew once', async () => {
  const connection = await app.connection()
  const rejected = await connection.token()
  const tokens = await Promise.all(Array.from({ length: 20 }, () => connection.token({ rejected })))
  expect(new Set(tokens).size).toBe(1)
  expect(await connection.token({ rejected })).toBe(tokens[0])
  expect(site.renewals).toBe(1)
})

test('a lost answer is asked for again with the same refresh token', async () => {
  const connection = await app.connection()
  app.ahead = HOUR
  site.faults.loseTokenAnswers = 1
  const token = await connection.token()
  expect(site.renewals).toBe(1)
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
  expect(site.renewals).toBe(1)
})

test.each([503, 500, 429])('D12 an answer of %i keeps the old token in use while it is good, and no longer', async (status) => {
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

test('D12 a site that is down signs nobody out', async () => {
  const connection = await app.connection()
  site.faults.down = true
  app.ahead = HOUR
  await expect(connection.token()).rejects.toMatchObject({ name: 'UpstreamUnavailable', code: 'unreachable' })
  site.faults.down = false
  await expect(connection.token()).resolves.toBeTypeOf('string')
})

test('revoked access asks for a sign-in, forgets the tokens and keeps the session', async () => {
  const connection = await app.connection()
  const rejected = await connection.token()
  await site.revoke()
  const error = await connection.token({ rejected }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(SignInRequired)
  expect(error).toMatchObject({ url: 'http://localhost:4100/connect/login', reason: 'expired' })
  expect(await app.store.of('').connections.read(connection.id)).toMatchObject({ sealed: null, scopes: [] })
  expect((await app.connector.session(app.request()))?.user.name).toBe('Sam Seller')
  await app.signIn()
  await expect(connection.token()).resolves.toBeTypeOf('string')
})

test('a connection that is not there, and one whose key was lost, ask for a sign-in and say why', async () => {
  await expect(app.connector.connection('nobody').token()).rejects.toMatchObject({ code: 'sign_in_required', reason: 'unknown' })
  const other = new TestApp(site, { store: app.store })
  const { id } = await app.connection()
  await expect(other.connector.connection(id).token()).rejects.toMatchObject({ code: 'sign_in_required', reason: 'keys-lost' })
  await site.revoke()
  await app.connector
    .connection(id)
    .token({ rejected: site.tokens('access')[0] })
    .catch(() => undefined)
  await expect(app.connector.connection(id).token()).rejects.toMatchObject({ code: 'sign_in_required', reason: 'expired' })
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
  const original = app.store.of('').leases.acquire.bind(app.store.of('').leases)
  let signedIn = false
  app.store.of('').leases.acquire = async (...lease) => {
    const got = await original(...lease)
    if (lease[0].startsWith('renew:') && !signedIn) {
      signedIn = true
      const read = app.store.of('').connections.read.bind(app.store.of('').connections)
      let reads = 0
      app.store.of('').connections.read = async (id) => {
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
  await expect(connection.token()).rejects.toMatchObject({ code: 'invalid_client', problem: 'app_refused', hint: 'client' })
  site.override = undefined
  await expect(connection.token()).resolves.toBeTypeOf('string')
})

test("O5 Frappe 15's 404 for a refresh token means that access has ended", async () => {
  const connection = await app.connection()
  app.ahead = HOUR
  const isRenewal = (body: string) => body.includes('grant_type=refresh_token')
  site.override = ({ body }) => (isRenewal(body) ? { status: 404, json: { exc_type: 'DoesNotExistError' } } : undefined)
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
  expect(site.renewals).toBe(1)
})

test('a holder whose lease ran out writes nothing over its successor, and uses the token of that', async () => {
  const { leases } = app.store.of('')
  const acquire = vi.spyOn(leases, 'acquire')
  let isHeld = false
  let letGo = (): void => undefined
  const released = new Promise<void>((resolve) => (letGo = resolve))
  const slow = new TestApp(site, {
    store: app.store,
    keys: app.keys,
    fetch: async (url, init) => {
      const answer = await site.fetch(url, init)
      if (!url.includes(OAUTH_PATHS.token)) return answer
      isHeld = true
      await released
      return answer
    },
  })
  const { id } = await app.connection()
  const rejected = await app.connector.connection(id).token()
  const late = slow.connector.connection(id).token({ rejected })
  await expect.poll(() => isHeld).toBe(true)
  const [name, holder] = acquire.mock.calls.find(([each]) => each === `renew:${id}`)!
  await leases.release(name, holder)
  const second = await app.connector.connection(id).token({ rejected })
  const third = await app.connector.connection(id).token({ rejected: second })
  letGo()
  expect(await late).toBe(third)
  expect(await app.connector.connection(id).token()).toBe(third)
  expect(site.renewals).toBe(2)
})

test('a caller may leave off waiting, and the renewal goes on for the others', async () => {
  const connection = await app.connection()
  const rejected = await connection.token()
  site.faults.slowMs = 50
  const leaving = new AbortController()
  const left = connection.token({ rejected, signal: leaving.signal })
  const staying = connection.token({ rejected })
  leaving.abort(new Error('the browser has gone'))
  await expect(left).rejects.toThrow('the browser has gone')
  await expect(connection.token({ signal: AbortSignal.abort(new Error('never came')) })).rejects.toThrow('never came')
  expect(await staying).not.toBe(rejected)
  expect(site.renewals).toBe(1)
})

test('a token is good for as long as the caller needs it, up to a minute', async () => {
  site.faults.expiresIn = 300
  await app.signIn()
  const connection = await app.connection()
  const first = await connection.token()
  app.ahead = 250_000
  expect(await connection.token()).toBe(first)
  expect(await connection.token({ minLifeMs: 40_000 })).toBe(first)
  expect(await connection.token({ minLifeMs: 3_600_000 })).not.toBe(first)
  expect(site.renewals).toBe(1)
})

test('a token that lives for seconds is not renewed for each caller that would like a minute', async () => {
  site.faults.expiresIn = 10
  await app.signIn()
  const connection = await app.connection()
  expect(await connection.token({ minLifeMs: 60_000 })).toBe(await connection.token({ minLifeMs: 60_000 }))
  expect(site.renewals).toBe(0)
})

test('failures are shared: a process that starts anew leaves the site alone as long as it asked for', async () => {
  const connection = await app.connection()
  Object.assign(site.faults, { tokenStatus: 429, retryAfter: '20' })
  app.ahead = HOUR - 50_000
  await connection.token()
  expect(await connection.state()).toMatchObject({ state: 'degraded' })
  const anew = new TestApp(site, { store: app.store, keys: app.keys })
  anew.ahead = app.ahead + 19_000
  const asked = site.count(OAUTH_PATHS.token)
  await anew.connector.connection(connection.id).token()
  expect(site.count(OAUTH_PATHS.token)).toBe(asked)
  site.faults.tokenStatus = undefined
  anew.ahead += 2_000
  await anew.connector.connection(connection.id).token()
  expect(await connection.state()).toMatchObject({ state: 'active', reason: null })
})

test('the app hears of trouble and of its end, once each', async () => {
  const heard: string[] = []
  for (const event of ['degraded', 'recovered', 'token-renewed'] as const) app.connector.on(event, () => void heard.push(event))
  const connection = await app.connection()
  site.faults.tokenStatus = 503
  app.ahead = HOUR - 50_000
  await connection.token()
  await expect.poll(() => heard).toEqual(['degraded'])
  app.ahead += 5_000
  await connection.token()
  site.faults.tokenStatus = undefined
  app.ahead += 10_000
  await connection.token()
  await expect.poll(() => heard.toSorted()).toEqual(['degraded', 'recovered', 'token-renewed'])
})

test('D2 a renewal that went well stays well when log, listeners and telling fail', async () => {
  const log = (): void => {
    throw new Error('the log is full')
  }
  const failing = new TestApp(site, { store: app.store, keys: app.keys, log })
  const fail = (): void => {
    throw new Error('a listener of the app fails')
  }
  for (const event of ['token-renewed', 'recovered', 'degraded', 'scopes-changed'] as const) failing.connector.on(event, fail)
  const { id } = await app.connection()
  const rejected = await app.connector.connection(id).token()
  const { leases } = app.store.of('')
  const acquire = leases.acquire.bind(leases)
  leases.acquire = (name, ...rest) => (name.startsWith('tell:') ? Promise.reject(new Error('the store is busy')) : acquire(name, ...rest))
  leases.release = () => Promise.reject(new Error('the store is busy'))
  const renewed = await failing.connector.connection(id).token({ rejected })
  expect(renewed).not.toBe(rejected)
  leases.acquire = acquire
  expect(await failing.connector.connection(id).token()).toBe(renewed)
})

test('D9 a secret and a refresh token of any characters arrive as they are', async () => {
  const secret = 'a&b=%+ü'
  const bodies: string[] = []
  const odd = new TestApp(site, {
    client: { id: 'odd client+', secret, redirectUri: 'http://localhost:4100/connect/callback' },
    store: app.store,
    keys: app.keys,
  })
  const { id } = await app.connection()
  const issued = (access: string, refresh: string) => ({ json: { access_token: access, refresh_token: refresh, expires_in: 3600 } })
  site.override = (request) => {
    if (request.path !== OAUTH_PATHS.token) return undefined
    bodies.push(request.body)
    return issued(`access ${bodies.length}`, 'r+/=& %ü')
  }
  const connection = odd.connector.connection(id)
  const first = await connection.token({ rejected: await connection.token() })
  await connection.token({ rejected: first })
  const forms = bodies.map((body) => new URLSearchParams(body))
  expect(forms.map((form) => [form.get('client_id'), form.get('client_secret')])).toEqual([
    ['odd client+', secret],
    ['odd client+', secret],
  ])
  expect(forms[1]!.get('refresh_token')).toBe('r+/=& %ü')
  expect(forms.every((form) => !form.has('scope'))).toBe(true)
})

test('O5 an answer without a refresh token leaves the old one in force', async () => {
  site.override = (request) => (request.path === OAUTH_PATHS.token ? { json: { access_token: 'only', expires_in: 3600 } } : undefined)
  const connection = await app.connection()
  const { connections } = app.store.of('')
  const rejected = await connection.token()
  expect(await connection.token({ rejected })).toBe('only')
  site.override = undefined
  expect(await connection.token({ rejected: 'only' })).not.toBe('only')
  expect((await connections.read(connection.id))?.state).toBe('active')
})

test('D6 O6 the end of a token is counted from its lifetime, by the own clock', async () => {
  const connection = await app.connection()
  const row = await app.store.of('').connections.read(connection.id)
  expect(row!.expiresAt - row!.issuedAt).toBe(HOUR)
  expect(row!.renewedAt).toBe(row!.issuedAt)
})

test('scopes that change with a renewal are told', async () => {
  const told: unknown[] = []
  app.connector.on('scopes-changed', (detail) => void told.push(detail))
  const connection = await app.connection()
  const before = await connection.scopes()
  app.ahead = HOUR
  site.override = (request) =>
    request.path === OAUTH_PATHS.token ? { json: { access_token: 'narrow', expires_in: 3600, scope: 'openid' } } : undefined
  await connection.token()
  expect(told).toEqual([{ connection: connection.id, before, after: ['openid'] }])
})

test('O8 a token whose end is known is sent nowhere, also not to what needs none', async () => {
  const connection = await app.connection()
  const rejected = await connection.token()
  await site.revoke()
  await connection.token({ rejected }).catch(() => undefined)
  const sent = site.requests.length
  await expect(connection.client.call('ping', {}, { httpMethod: 'GET' })).rejects.toThrow(SignInRequired)
  expect(site.requests).toHaveLength(sent)
})

test('D8 the lease of a renewal is longer than its two requests may take, and shorter than a site answers a repeat', async () => {
  const connection = await app.connection()
  const rejected = await connection.token()
  const acquire = vi.spyOn(app.store.of('').leases, 'acquire')
  await connection.token({ rejected })
  const [name, , leaseMs] = acquire.mock.calls[0]!
  expect(name).toBe(`renew:${connection.id}`)
  expect(leaseMs).toBeGreaterThan(2 * 4_000)
  expect(leaseMs).toBeLessThan(10_000)
})
