import { Readable } from 'node:stream'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { encodeError, FrappeError } from '@annex/protocol'
import type { Connection } from '../../connector/connection.ts'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../../testing/test-app.ts'
import { UpstreamClient } from '../upstream-client.ts'

let site: FakeUpstream
let app: TestApp
let connection: Connection
const ITEM = '/api/resource/Item'

beforeEach(async () => {
  site = new FakeUpstream()
  app = new TestApp(site, { scopes: { required: ['openid', 'Item:read', 'Item:create'] } })
  await app.signIn()
  connection = await app.connection()
})

test('a path of the site is fetched as the person of the session, headers and body as they are', async () => {
  const session = (await app.connector.session(app.request()))!
  const init = { method: 'POST', body: '{"name":"Bolt"}', headers: { 'content-type': 'application/json', 'x-own': 'yes' } }
  const answer = await app.connector.fetch(session, `${ITEM}?a=1%202`, init)
  expect([answer.status, await answer.json()]).toMatchObject([200, { data: { name: 'Bolt' } }])
  const sent = site.requests.at(-1)!
  expect([sent.method, sent.query.get('a'), sent.body, sent.headers.get('x-own')]).toEqual(['POST', '1 2', init.body, 'yes'])
  expect(sent.headers.get('authorization')).toBe(`Bearer ${await connection.token()}`)
})

test.each(['//evil.example.com/x', '/\\evil.example.com/x', 'https://evil.example.com/x', 'data:text/plain,x', 'blob:x', 'blob:SITE/x'])(
  'a token goes to no other place: %s',
  async (text) => {
    const address = text.replace('SITE', site.issuer)
    const before = site.requests.length
    await expect(connection.fetch(address)).rejects.toThrow(TypeError)
    expect(site.requests).toHaveLength(before)
  },
)

test('an authorization header of the caller is not sent in place of the person’s', async () => {
  await connection.fetch(ITEM, { headers: { Authorization: 'Bearer other' } })
  expect(site.requests.at(-1)!.headers.get('authorization')).toBe(`Bearer ${await connection.token()}`)
})

test('a call that meets 401 is sent once more with a renewed token, its body too', async () => {
  site.expireAccess()
  const answer = await connection.fetch(ITEM, { method: 'POST', body: '{"name":"Nut"}' })
  expect(answer.status).toBe(200)
  expect(site.renewals).toBe(1)
  expect(site.requests.filter((request) => request.path === ITEM).map((request) => request.body)).toEqual([
    '{"name":"Nut"}',
    '{"name":"Nut"}',
  ])
})

async function* generated(): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode('{"name":"Nut"}')
}

test.each([
  ['a stream', () => new Blob(['{"name":"Nut"}']).stream()],
  ['a generator', generated],
  ['a stream of Node', () => Readable.from(generated())],
])('%s is sent once, and its 401 is given as it is', async (_, body) => {
  site.expireAccess()
  const init = { method: 'POST', body: body() as BodyInit, duplex: 'half' }
  expect((await connection.fetch(ITEM, init)).status).toBe(401)
  expect(site.count(ITEM)).toBe(1)
})

describe('an answer of the site', () => {
  test.each([403, 404, 417, 500, 503])('an answer with %i is given as it is', async (status) => {
    site.override = (request) =>
      request.path === ITEM ? { status, json: encodeError(new FrappeError('ValidationError', 'no', { status })) } : undefined
    const answer = await connection.fetch(ITEM)
    expect([answer.status, await answer.json()]).toMatchObject([status, { exc_type: 'ValidationError' }])
  })

  test('a second 401 is given as it is', async () => {
    site.override = (request) => (request.path === ITEM ? { status: 401, json: {} } : undefined)
    expect((await connection.fetch(ITEM)).status).toBe(401)
    expect(site.count(ITEM)).toBe(2)
  })

  test('a redirect is not followed with the token in hand', async () => {
    site.override = (request) => (request.path === ITEM ? { status: 302, headers: { location: `${site.issuer}/elsewhere` } } : undefined)
    expect((await connection.fetch(ITEM, { redirect: 'follow' })).status).toBe(302)
    expect(site.count('/elsewhere')).toBe(0)
  })
})

test('ended access, a site that is down and one that hangs are told by their codes', async () => {
  site.faults.down = true
  await expect(connection.fetch(ITEM)).rejects.toMatchObject({ code: 'unreachable' })
  site.faults.down = false
  const hanging: typeof fetch = (_input, init) =>
    new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal!.reason as Error)))
  const slow = new UpstreamClient({ url: site.issuer, credentials: { apiKey: 'x:y' }, fetch: hanging, timeoutMs: 20 })
  await expect(slow.fetch(ITEM)).rejects.toMatchObject({ code: 'timeout' })
  const own = new DOMException('enough', 'AbortError')
  await expect(connection.fetch(ITEM, { signal: AbortSignal.abort(own) })).rejects.toBe(own)
  await site.revoke()
  await expect(connection.fetch(ITEM)).rejects.toMatchObject({ code: 'sign_in_required' })
})

test('an answer that has begun may take longer than the limit to be read', async () => {
  vi.useFakeTimers()
  let signal: AbortSignal | null | undefined
  const quick: typeof fetch = async (_input, init) => {
    signal = init?.signal
    return new Response('large')
  }
  await new UpstreamClient({ url: site.issuer, credentials: { apiKey: 'x:y' }, fetch: quick, timeoutMs: 20 }).fetch('/files/large')
  vi.advanceTimersByTime(1000)
  vi.useRealTimers()
  expect(signal?.aborted).toBe(false)
})
