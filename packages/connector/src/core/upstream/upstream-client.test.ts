import { beforeEach, describe, expect, test } from 'vitest'
import { FrappeError, encodeError } from '@annex/protocol'
import { ScopeMissing, SignInRequired } from '../errors.ts'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import type { FakeRequest } from '../../testing/fake/replies.ts'
import { TestApp } from '../../testing/test-app.ts'
import { UpstreamClient } from './upstream-client.ts'

let site: FakeUpstream
let sites = 0
let client: UpstreamClient

beforeEach(async () => {
  // A site that asks to be left alone is left alone by the whole process: each test has its own.
  site = new FakeUpstream({ issuer: `https://erp-${++sites}.test` })
  client = new UpstreamClient({ url: site.issuer, fetch: site.fetch, credentials: { apiKey: site.users[0]!.apiKey }, timeoutMs: 2000 })
})

const last = (): FakeRequest => site.requests.at(-1)!
const answer = (status: number, json: unknown, headers: Record<string, string> = {}): void => {
  site.override = (request) =>
    request.path.startsWith('/api/') && !request.path.includes('oauth2') ? { status, json, headers } : undefined
}

test('T2 documents are inserted, read, updated and removed by API key', async () => {
  await client.insert('Item', { name: 'B/1 ü', title: 'Bolt' })
  expect(await client.read('Item', 'B/1 ü')).toMatchObject({ name: 'B/1 ü', title: 'Bolt' })
  expect(last().path).toBe('/api/resource/Item/B%2F1%20%C3%BC')
  const { headers } = last()
  expect([headers.get('accept'), headers.get('authorization')]).toEqual(['application/json', `token ${site.users[0]!.apiKey}`])
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

test('D19 T1 R6 R7 a list says its order and its length, and sends filters in their one safe form', async () => {
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

test('R12 a count is of documents that may be read, also where a child table is asked', async () => {
  answer(200, { message: 7 })
  expect(await client.count('Quote', { filters: { status: 'Open' } })).toBe(7)
  expect(last().path).toBe('/api/method/frappe.desk.reportview.get_count')
  expect(Object.fromEntries(last().query)).toEqual({ doctype: 'Quote', filters: '[["Quote","status","=","Open"]]' })
  await client.count('Quote', { filters: [['Quote Line', 'item', '=', 'B1']] })
  expect(last().query.get('distinct')).toBe('true')
  answer(200, {})
  await expect(client.count('Quote')).rejects.toMatchObject({ code: 'not_frappe' })
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
  test('D21 T5 comes back as the class it was there, with its messages', async () => {
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

  test.each([
    [429, 'rate_limited'],
    [502, 'busy'],
    [503, 'busy'],
    [504, 'busy'],
  ])('with %i is an outage: %s', async (status, code) => {
    answer(status, {}, { 'retry-after': '7' })
    await expect(client.list('Item')).rejects.toMatchObject({ name: 'UpstreamUnavailable', code, retryAfterMs: 7000 })
  })

  test.each([
    [200, 'not_frappe'],
    [302, 'not_frappe'],
    [404, 'site_not_found'],
    [500, 'busy'],
  ])('D21 without JSON (%i) is no data and no Frappe site: %s', async (status, code) => {
    site.override = undefined
    const html = new UpstreamClient({
      url: site.issuer,
      credentials: { apiKey: 'x:y' },
      fetch: async () => new Response('<html>', { status }),
    })
    await expect(html.list('Item')).rejects.toMatchObject({ name: 'UpstreamUnavailable', code })
  })
})

test('a site that hangs is given up in time', async () => {
  const hanging: typeof fetch = (_input, init) =>
    new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal!.reason as Error)))
  const slow = new UpstreamClient({ url: site.issuer, credentials: { apiKey: 'x:y' }, fetch: hanging, timeoutMs: 20 })
  await expect(slow.list('Item')).rejects.toMatchObject({
    code: 'timeout',
    message: expect.stringMatching(/did not answer in time/) as string,
  })
})

test('a redirect is not followed with the key in hand', async () => {
  answer(302, {}, { location: `${site.issuer}/elsewhere` })
  await expect(client.list('Item')).rejects.toMatchObject({ name: 'UpstreamUnavailable', code: 'not_frappe' })
  expect(site.count('/elsewhere')).toBe(0)
})

test('a bad API key is told as such and nothing is sent twice', async () => {
  const other = new UpstreamClient({ url: site.issuer, fetch: site.fetch, credentials: { apiKey: 'bad:key' } })
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
    expect(site.renewals).toBe(1)
    expect(site.count('/api/resource/Item')).toBe(2)
  })

  test('many calls that meet 401 at once renew once', async () => {
    const { client: own } = await app.connection()
    site.expireAccess()
    await Promise.all(Array.from({ length: 32 }, () => own.list('Item')))
    expect(site.renewals).toBe(1)
  })

  test('a person whose access was revoked is asked to sign in', async () => {
    const { client: own } = await app.connection()
    await site.revoke()
    await expect(own.list('Item')).rejects.toThrow(SignInRequired)
  })

  test('a token that is refused right after its renewal ends in a sign-in, not in a loop', async () => {
    const { client: own } = await app.connection()
    answer(401, encodeError(new FrappeError('AuthenticationError', 'no')))
    await expect(own.list('Item')).rejects.toMatchObject({ code: 'sign_in_required', reason: 'refused' })
    expect(site.count('/api/resource/Item')).toBe(2)
  })
})
