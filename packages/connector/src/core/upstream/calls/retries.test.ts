import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import type { FakeReply } from '../../../testing/fake/replies.ts'
import { fetchTransport, type Fetch } from '../transport.ts'
import { UpstreamClient, type UpstreamClientOptions } from '../upstream-client.ts'

const DEADLOCK = { status: 500, json: { exc_type: 'QueryDeadlockError', exception: 'x' } }

let site: FakeUpstream
let time: number
let waits: number[]

beforeEach(() => {
  site = new FakeUpstream({ issuer: 'https://busy.test' })
  time = 1000
  waits = []
  vi.spyOn(performance, 'now').mockImplementation(() => time)
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((done: () => void, ms: number) => {
    // The test runner's own are of no length.
    if (ms > 0) waits.push(ms)
    time += ms
    queueMicrotask(done)
  }) as typeof setTimeout)
})
afterEach(() => vi.restoreAllMocks())

const client = (options: Partial<UpstreamClientOptions> = {}): UpstreamClient =>
  new UpstreamClient({
    url: site.issuer,
    credentials: { apiKey: site.users[0]!.apiKey },
    fetch: site.fetch,
    clock: site.clock.now,
    ...options,
  })

/** What the site answers first; after that it answers as ever. */
const first = (...replies: FakeReply[]): void => {
  site.override = () => replies.shift()
}
const busy = (status: number, headers: Record<string, string> = {}): FakeReply => ({
  status,
  headers,
  json: { exc_type: 'SessionStopped' },
})

describe('R5 what only asks is asked again', () => {
  test.each([
    ['429', busy(429)],
    ['502 with a page', { status: 502, html: '<h1>Bad Gateway</h1>' }],
    ['503', busy(503)],
    ['504', busy(504)],
    ['a deadlock', DEADLOCK],
    ['a lock that was waited for too long', { status: 500, json: { exc_type: 'QueryTimeoutError' } }],
  ])('after %s, twice, later and later', async (_, reply) => {
    first(reply, reply)
    expect(await client().list('Item')).toEqual([])
    expect(site.requests).toHaveLength(3)
    expect(waits[0]).toBeGreaterThanOrEqual(200)
    expect(waits[0]).toBeLessThanOrEqual(300)
    expect(waits[1]).toBeGreaterThanOrEqual(400)
    expect(waits[1]).toBeLessThanOrEqual(600)
  })

  test('after a connection that broke', async () => {
    let asked = 0
    const breaking: typeof site.fetch = (url, init) => (++asked < 3 ? Promise.reject(new TypeError('fetch failed')) : site.fetch(url, init))
    expect(await client({ fetch: breaking }).list('Item')).toEqual([])
    expect(asked).toBe(3)
  })

  test('and given up after the third answer, with what the site said last', async () => {
    first(busy(503), busy(503), busy(502))
    await expect(client().list('Item')).rejects.toMatchObject({ code: 'busy', message: 'The site answered 502: try again later' })
    expect(site.requests).toHaveLength(3)
  })

  test('so is a method that is said to be idempotent', async () => {
    first(busy(503), DEADLOCK)
    await client().call('ping', {}, { idempotent: true })
    expect(site.requests.map((request) => request.method)).toEqual(['POST', 'POST', 'POST'])
  })
})

describe('R5 it is not asked again', () => {
  test.each([
    ['an insert', (own: UpstreamClient) => own.insert('Item', {})],
    ['an update', (own: UpstreamClient) => own.update('Item', 'a', {})],
    ['a removal', (own: UpstreamClient) => own.remove('Item', 'a')],
    ['a method', (own: UpstreamClient) => own.call('ping')],
    ['a submission', (own: UpstreamClient) => own.submit('Item', { name: 'a' } as never)],
    ['an upload', (own: UpstreamClient) => own.upload(new Blob(['x']), { name: 'x' })],
  ])('%s: it may have been done', async (_, act) => {
    first(busy(503))
    await expect(act(client())).rejects.toMatchObject({ code: 'busy' })
    expect(site.requests).toHaveLength(1)
    expect(waits).toEqual([])
  })

  test.each([
    ['a refusal', { status: 417, json: { exc_type: 'ValidationError' } }],
    ['a failure of the site', { status: 500, json: { exc_type: 'TypeError' } }],
    ['a page in the place of Frappe', { status: 200, html: '<h1>It works!</h1>' }],
    ['a server error with a page', { status: 500, html: '<pre>Traceback</pre>' }],
  ])('after %s: the same would come', async (_, reply) => {
    first(reply)
    await expect(client().list('Item')).rejects.toThrow()
    expect(site.requests).toHaveLength(1)
  })

  test('what a link field suggests: the next key asks again', async () => {
    first(busy(503))
    await expect(client().searchLink('Item', { text: 'a' })).rejects.toMatchObject({ code: 'busy' })
    expect(site.requests).toHaveLength(1)
  })

  test('by a client that is told so, which waits for nothing either', async () => {
    const own = client({ retries: 0 })
    first(busy(429, { 'retry-after': '3' }))
    await expect(own.list('Item')).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 3000 })
    expect(await own.list('Item')).toEqual([])
    expect([site.requests.length, waits]).toEqual([2, []])
  })
})

describe('T7 a site that asks to be left alone', () => {
  test('in seconds is left alone for so long', async () => {
    first(busy(429, { 'retry-after': '3' }))
    await client().list('Item')
    expect(waits).toEqual([3000])
  })

  test('until a date is left alone until then', async () => {
    const date = new Date(Math.ceil(site.clock.now() / 1000) * 1000 + 4000)
    first(busy(503, { 'retry-after': date.toUTCString() }))
    await client().list('Item')
    expect(waits[0]).toBeGreaterThan(3000)
    expect(waits[0]).toBeLessThanOrEqual(5000)
  })

  test('by more than one header is left alone for the longest of them', async () => {
    first(busy(429, { 'retry-after': '2', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '5' }))
    await client().list('Item')
    expect(waits).toEqual([5000])
  })

  test('its budget of microseconds is not taken for seconds, nor for requests', async () => {
    const budget = { 'x-ratelimit-limit': '600000000', 'x-ratelimit-used': '420000', 'x-ratelimit-remaining': '599580000' }
    first({ headers: budget, json: { data: [] } }, busy(503, { ...budget, 'x-ratelimit-reset': '3000' }))
    await client().list('Item')
    await client().list('Item')
    expect(waits).toHaveLength(1)
    expect(waits[0]).toBeLessThanOrEqual(300)
  })

  test('for longer than a call may wait is told to the caller at once', async () => {
    first(busy(429, { 'retry-after': '20' }))
    await expect(client().list('Item')).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 20_000 })
    expect([site.requests.length, waits]).toEqual([1, []])
  })

  test.each([
    ['the longest wait', { maxWaitMs: 1000 }],
    ['the time limit', { timeoutMs: 1000 }],
  ])('is not waited for past %s', async (_, options) => {
    first(busy(503, { 'retry-after': '2' }))
    await expect(client(options).list('Item')).rejects.toMatchObject({ code: 'busy', retryAfterMs: 2000 })
    expect(site.requests).toHaveLength(1)
  })

  test('is left alone by every call of this process, those that change something too', async () => {
    first(busy(429, { 'retry-after': '8' }))
    await expect(client({ maxWaitMs: 100 }).list('Item')).rejects.toMatchObject({ code: 'rate_limited' })
    const other = client()
    await other.insert('Item', { name: 'a' })
    expect(waits).toEqual([8000])
    expect(site.requests).toHaveLength(2)
    await expect(client().list('Item')).resolves.toHaveLength(1)
    expect(waits).toEqual([8000])
  })

  test('is not asked by a call that may not wait so long, and that call says when', async () => {
    first(busy(429, { 'retry-after': '8' }))
    await expect(client({ maxWaitMs: 100 }).list('Item')).rejects.toMatchObject({ code: 'rate_limited' })
    await expect(client({ maxWaitMs: 100 }).insert('Item', {})).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 8000 })
    expect(site.requests).toHaveLength(1)
  })

  test('is not asked for what a link field suggests either, and that does not wait', async () => {
    first(busy(429, { 'retry-after': '8' }))
    await expect(client().searchLink('Item', { text: 'a' })).rejects.toMatchObject({ code: 'rate_limited' })
    await expect(client().searchLink('Item', { text: 'ab' })).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 8000 })
    expect([site.requests.length, waits]).toEqual([1, []])
  })

  test('for a day is asked again after a minute: a wrong answer locks nobody out', async () => {
    first(busy(429, { 'retry-after': '86400' }))
    await expect(client().list('Item')).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 86_400_000 })
    time += 60_000
    expect(await client().list('Item')).toEqual([])
  })

  test('until a window that ends in years is a day', async () => {
    first(busy(429, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '9'.repeat(30) }))
    await expect(client().list('Item')).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 86_400_000 })
  })

  test('for one method alone stops no other call', async () => {
    first({ status: 429, headers: { 'retry-after': '8' }, json: { exc_type: 'RateLimitExceededError' } })
    await expect(client().call('reset_password')).rejects.toMatchObject({ code: 'rate_limited' })
    expect(await client().list('Item')).toEqual([])
    expect(waits).toEqual([])
  })

  test('stops nothing that goes there another way', async () => {
    first(busy(429, { 'retry-after': '8' }))
    await expect(client({ maxWaitMs: 1 }).list('Item')).rejects.toMatchObject({ code: 'rate_limited' })
    expect(await client({ fetch: (url, init) => site.fetch(url, init) }).list('Item')).toEqual([])
    expect(await client({ transport: fetchTransport((url, init) => site.fetch(url, init)) }).list('Item')).toEqual([])
    expect(waits).toEqual([])
    await client().list('Item')
    expect(waits).toEqual([8000])
  })

  test('stops no other site', async () => {
    const other = new FakeUpstream({ issuer: 'https://calm.test' })
    const both: Fetch = (url, init) => (url.startsWith(site.issuer) ? site : other).fetch(url, init)
    first(busy(429, { 'retry-after': '8' }))
    await expect(client({ maxWaitMs: 1, fetch: both }).list('Item')).rejects.toMatchObject({ code: 'rate_limited' })
    const calm = new UpstreamClient({ url: other.issuer, credentials: { apiKey: other.users[0]!.apiKey }, fetch: both })
    expect(await calm.list('Item')).toEqual([])
    expect(waits).toEqual([])
  })
})
