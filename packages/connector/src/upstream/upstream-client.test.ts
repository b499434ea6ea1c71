import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FrappeError, encodeError } from '@annex/protocol'
import { ScopeMissing, SignInRequired, UpstreamUnavailable } from '../errors.ts'
import { FakeSite, type FakeRequest } from '../fake-site.fixture.ts'
import { TestApp } from '../test-app.fixture.ts'
import { UpstreamClient } from './upstream-client.ts'

let site: FakeSite
let client: UpstreamClient

beforeEach(async () => {
  site = await new FakeSite().start()
  client = new UpstreamClient({ url: site.url, credentials: { apiKey: site.apiKey }, timeoutMs: 2000 })
})
afterEach(() => site.close())

const last = (): FakeRequest => site.requests.at(-1)!
const answer = (status: number, json: unknown, headers: Record<string, string> = {}): void => {
  site.override = (request) =>
    request.path.startsWith('/api/') && !request.path.includes('oauth2') ? { status, json, headers } : undefined
}

test('documents are inserted, read, updated and removed by API key', async () => {
  await client.insert('Item', { name: 'B/1 ü', title: 'Bolt' })
  expect(await client.read('Item', 'B/1 ü')).toMatchObject({ name: 'B/1 ü', title: 'Bolt' })
  expect(last().path).toBe('/api/resource/Item/B%2F1%20%C3%BC')
  expect(last().headers).toMatchObject({ accept: 'application/json', authorization: `token ${site.apiKey}` })
  expect(await client.update('Item', 'B/1 ü', { title: '', qty: 0 })).toMatchObject({ title: '', qty: 0 })
  await client.remove('Item', 'B/1 ü')
  await expect(client.read('Item', 'B/1 ü')).rejects.toMatchObject({
    excType: 'DoesNotExistError',
    status: 404,
    message: 'Item B/1 ü not found',
  })
})

test.each(['', '.', '..'])('the name %j cannot be asked for, and no request is sent', async (name) => {
  await expect(client.read('Item', name)).rejects.toMatchObject({ excType: 'DoesNotExistError' })
  await expect(client.remove('Item', name)).rejects.toMatchObject({ excType: 'DoesNotExistError' })
  expect(site.requests).toHaveLength(0)
})

test('a list says its order and its length, and sends filters in their one safe form', async () => {
  await client.list('Sales Invoice', { filters: { status: 'Paid & sent', total: ['>', 0] } })
  expect(last().path).toBe('/api/resource/Sales%20Invoice')
  expect(Object.fromEntries(last().query)).toEqual({
    fields: '["name"]',
    filters: '[["Sales Invoice","status","=","Paid & sent"],["Sales Invoice","total",">",0]]',
    order_by: 'modified desc',
    limit_start: '0',
    limit_page_length: '20',
  })
})

test('a list goes on where it is told, all at once if wished, and grouped without an order of ours', async () => {
  await client.list('Item', {
    start: 40,
    limit: null,
    groupBy: 'item_group',
    fields: ['item_group', 'count(name) as n'],
    orFilters: [['name', 'like', '%a%']],
  })
  expect(Object.fromEntries(last().query)).toEqual({
    fields: '["item_group","count(name) as n"]',
    or_filters: '[["Item","name","like","%a%"]]',
    group_by: 'item_group',
    limit_start: '40',
    limit_page_length: '0',
  })
})

test('a count is of documents, also where a child table is asked', async () => {
  answer(200, { data: [{ count: 7 }] })
  expect(await client.count('Quote', { filters: { status: 'Open' } })).toBe(7)
  expect(last().query.get('fields')).toBe('["count(name) as count"]')
  await client.count('Quote', { filters: [['Quote Line', 'item', '=', 'B1']] })
  expect(last().query.get('fields')).toBe('["count(distinct name) as count"]')
})

test('a method is called with its arguments and answers its message', async () => {
  answer(200, { message: { ok: true } })
  expect(await client.call('app.do', { a: 1 })).toEqual({ ok: true })
  expect(last()).toMatchObject({ method: 'POST', path: '/api/method/app.do', body: '{"a":1}' })
  answer(200, {})
  expect(await client.call('app.ask', { a: [1], b: 'x', c: undefined }, { httpMethod: 'GET' })).toBeNull()
  expect(Object.fromEntries(last().query)).toEqual({ a: '[1]', b: 'x' })
})

test('link search sends what was typed, and reads the answers of old and new sites', async () => {
  answer(200, { message: [{ value: 'CUST-1', description: 'Apple Inc', label: 'Apple' }] })
  expect(await client.searchLink('Customer', { text: 'app', limit: 5, filters: { disabled: 0 }, referenceDoctype: 'Visit' })).toEqual([
    { value: 'CUST-1', description: 'Apple Inc', label: 'Apple' },
  ])
  expect(Object.fromEntries(last().query)).toEqual({
    doctype: 'Customer',
    txt: 'app',
    page_length: '5',
    filters: '[["Customer","disabled","=",0]]',
    reference_doctype: 'Visit',
  })
  answer(200, { results: [{ value: 7 }] })
  expect(await client.searchLink('Customer', { text: '' })).toEqual([{ value: '7', description: '' }])
})

describe('what a site refuses', () => {
  test('comes back as the class it was there, with its messages', async () => {
    answer(417, encodeError(new FrappeError('MandatoryError', 'Value missing for Item: UOM')))
    await expect(client.insert('Item', {})).rejects.toMatchObject({
      excType: 'MandatoryError',
      status: 417,
      message: 'Value missing for Item: UOM',
    })
  })

  test('for want of a scope names the scope', async () => {
    answer(403, encodeError(new FrappeError('PermissionError', 'no')), {
      'www-authenticate': 'Bearer realm="x", error="insufficient_scope", scope="Sales.Invoice:read"',
    })
    const error = await client.list('Sales Invoice').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ScopeMissing)
    expect((error as ScopeMissing).needed).toEqual(['Sales.Invoice:read'])
    expect((error as ScopeMissing).message).toContain('Read Sales Invoice')
  })

  test('for want of a permission is a PermissionError', async () => {
    answer(403, encodeError(new FrappeError('PermissionError', 'no')))
    await expect(client.list('Item')).rejects.toMatchObject({ excType: 'PermissionError', status: 403 })
  })

  test.each([429, 502, 503, 504])('with %i is an outage', async (status) => {
    answer(status, {}, { 'retry-after': '7' })
    await expect(client.list('Item')).rejects.toMatchObject({ name: 'UpstreamUnavailable', retryAfterMs: 7000 })
  })

  test.each([200, 302, 404, 500])('without JSON (%i) is not a Frappe site', async (status) => {
    site.override = undefined
    const html = new UpstreamClient({
      url: site.url,
      credentials: { apiKey: 'x:y' },
      fetch: async () => new Response('<html>', { status }),
    })
    await expect(html.list('Item')).rejects.toThrow(UpstreamUnavailable)
  })
})

test('a site that hangs is given up in time', async () => {
  const hanging: typeof fetch = (_input, init) =>
    new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal!.reason as Error)))
  const slow = new UpstreamClient({ url: site.url, credentials: { apiKey: 'x:y' }, fetch: hanging, timeoutMs: 20 })
  await expect(slow.list('Item')).rejects.toThrow(/did not answer in time/)
})

test('a redirect is not followed with the key in hand', async () => {
  answer(302, {}, { location: `${site.url}/elsewhere` })
  await expect(client.list('Item')).rejects.toBeInstanceOf(FrappeError)
  expect(site.count('/elsewhere')).toBe(0)
})

test('a bad API key is told as such and nothing is sent twice', async () => {
  const other = new UpstreamClient({ url: site.url, credentials: { apiKey: 'bad:key' } })
  await expect(other.list('Item')).rejects.toMatchObject({ excType: 'AuthenticationError', status: 401 })
  expect(site.requests).toHaveLength(1)
})

describe('as a person', () => {
  let app: TestApp
  beforeEach(async () => {
    app = new TestApp(site)
    await app.signIn()
  })

  test('a call that meets 401 is sent once more with a renewed token', async () => {
    const { client: own } = await app.connection()
    site.expireAccess()
    await expect(own.list('Item')).resolves.toEqual([])
    expect(site.refreshes).toBe(1)
    expect(site.count('/api/resource/Item')).toBe(2)
  })

  test('many calls that meet 401 at once renew once', async () => {
    const { client: own } = await app.connection()
    site.expireAccess()
    await Promise.all(Array.from({ length: 32 }, () => own.list('Item')))
    expect(site.refreshes).toBe(1)
  })

  test('a person whose access was revoked is asked to sign in', async () => {
    const { client: own } = await app.connection()
    site.revokeAll()
    await expect(own.list('Item')).rejects.toThrow(SignInRequired)
  })

  test('a token that is refused right after its renewal ends in a sign-in, not in a loop', async () => {
    const { client: own } = await app.connection()
    answer(401, encodeError(new FrappeError('AuthenticationError', 'no')))
    await expect(own.list('Item')).rejects.toThrow(SignInRequired)
    expect(site.count('/api/resource/Item')).toBe(2)
  })
})
