import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKeys } from '@annex/connector'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FakeSite } from '../../../packages/connector/src/fake-site.fixture.ts'
import type { FieldSalesConfig } from './config.ts'
import { startFieldSales, type FieldSales } from './field-sales.ts'

let site: FakeSite
let folder: string
let config: FieldSalesConfig
let app: FieldSales
let cookies: Map<string, string>

beforeEach(async () => {
  site = await new FakeSite().start()
  site.documents.set('ITEM-1', { doctype: 'Item', name: 'ITEM-1', title: 'Bolt <M8>' })
  site.documents.set('CUST-1', { doctype: 'Customer', name: 'CUST-1', title: 'Apple Inc' })
  folder = await mkdtemp(join(tmpdir(), 'field-sales-'))
  config = {
    issuer: site.url,
    clientId: site.clientId,
    clientSecret: site.secret,
    url: `http://localhost:${await freePort()}`,
    keys: createKeys(),
  }
  app = await startFieldSales({ config, data: folder })
  cookies = new Map()
})
afterEach(async () => {
  await app.close()
  await site.close()
  await rm(folder, { recursive: true })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** One request of a browser that keeps cookies and shows where it is sent. */
async function visit(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
  const response = await fetch(new URL(path, app.url), { ...init, headers, redirect: 'manual' })
  for (const cookie of response.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
    cookies.set(name, value)
  }
  return response
}

const page = async (path = '/'): Promise<string> => (await visit(path)).text()

async function signIn(path = '/connect/login'): Promise<Response> {
  const back = await fetch((await visit(path)).headers.get('location')!, { redirect: 'manual' })
  return visit(back.headers.get('location')!)
}

const save = (values: Record<string, string>, headers: Record<string, string> = { origin: app.url }): Promise<Response> =>
  visit('/reports', { method: 'POST', headers, body: new URLSearchParams(values) })

test('a stranger is offered to sign in with the primary site, and learns nothing else', async () => {
  const welcome = await visit('/')
  expect(await welcome.text()).toContain('Sign in with the primary site')
  expect(welcome.headers.get('content-security-policy')).toMatch(/script-src 'self';/)
  expect((await visit('/links/item?q=')).status).toBe(401)
  expect((await save({ item: 'ITEM-1', note: 'x' })).headers.get('location')).toBe('/')
})

test('a person signs in, is greeted by name, searches, and saves a report with the docnames', async () => {
  expect((await signIn()).headers.get('location')).toBe(`${app.url}/`)
  expect(await page()).toContain('Hello, <strong>Sam Seller</strong>')
  expect(await (await visit('/links/item?q=bolt')).json()).toEqual({
    items: [{ value: 'ITEM-1', label: 'ITEM-1', description: 'Bolt <M8>' }],
    source: 'upstream',
  })
  const saved = await save({ item: 'ITEM-1', customer: 'CUST-1', note: 'They want <10> more' })
  expect(saved.status).toBe(303)
  const after = await page(saved.headers.get('location')!)
  expect(after).toContain('The visit report is saved.')
  expect(after).toContain('They want &lt;10&gt; more')
  expect(after).toMatch(/ITEM-1<\/span> Bolt &lt;M8&gt;/)
  expect(after).toMatch(/CUST-1<\/span> Apple Inc/)
})

test.each([
  [{ item: '', note: 'x' }, 'Choose an item.'],
  [{ item: 'ITEM-9', note: 'x' }, 'There is no Item “ITEM-9” that you may see'],
  [{ item: 'ITEM-1', customer: 'CUST-9', note: 'x' }, 'There is no Customer “CUST-9” that you may see'],
  [{ item: 'ITEM-1', note: '  ' }, 'Write a line about the visit.'],
  [{ item: 'ITEM-1', note: 'x'.repeat(2001) }, 'at most 2000 characters'],
  [{ item: 'x'.repeat(141), note: 'x' }, 'at most 140 characters'],
])('a report that cannot be saved says why and keeps what was typed: %#', async (values, sentence) => {
  await signIn()
  const answer = await save(values)
  expect(answer.status).toBe(422)
  const text = await answer.text()
  expect(text).toContain(sentence)
  expect(text).toContain(values.note.trim())
  expect(await page()).toContain('None yet.')
})

test.each([{ origin: 'https://evil.example.com' }, { origin: 'http://localhost:1' }, { 'sec-fetch-site': 'same-site' }])(
  'a form of another page saves nothing: %j',
  async (headers) => {
    await signIn()
    expect((await save({ item: 'ITEM-1', note: 'x' }, headers)).status).toBe(403)
    expect(await page()).toContain('None yet.')
  },
)

test('an unticked right is named where it is missing, and can be asked for again', async () => {
  site.faults.unticked = ['Customer:read']
  await signIn()
  const text = await page()
  expect(text).toContain('Field Sales was not given the right “Read Customer” (Customer:read).')
  expect((await visit('/links/customer?q=')).status).toBe(403)
  expect((await save({ item: 'ITEM-1', note: 'without a customer' })).status).toBe(303)
  site.faults.unticked = []
  const ask = /href="[^"]*(\/connect\/login\?[^"]*scope=[^"]*)"/.exec(text)![1]!.replaceAll('&amp;', '&')
  await signIn(ask)
  expect(await page()).not.toContain('Customer:read')
  expect((await visit('/links/customer?q=apple')).status).toBe(200)
})

test('after the access was taken away the next click says so, and nothing else breaks', async () => {
  await signIn()
  await save({ item: 'ITEM-1', note: 'before' })
  site.revokeAll()
  const search = await visit('/links/item?q=')
  expect(search.status).toBe(401)
  expect(await search.json()).toMatchObject({ message: 'Access has ended.', action: 'Sign in with the primary site' })
  const text = await page()
  expect(text).toContain('Access has ended.')
  expect(text).toContain('Sign in with the primary site')
  expect(text).toContain('before')
  const unsaved = await save({ item: 'ITEM-1', note: 'half typed' })
  expect(unsaved.status).toBe(401)
  expect(await unsaved.text()).toContain('half typed')
  await signIn()
  expect(await page()).not.toContain('Access has ended.')
  expect((await save({ item: 'ITEM-1', note: 'after' })).status).toBe(303)
})

test('the first click after a revocation may be a save: nothing is saved, and nothing typed is lost', async () => {
  await signIn()
  site.revokeAll()
  const answer = await save({ item: 'ITEM-1', note: 'half typed' })
  expect(answer.status).toBe(401)
  expect(await answer.text()).toMatch(/Access has ended\.[\s\S]*half typed/)
})

test('while the primary site is down, what was seen last is shown and can be saved', async () => {
  await signIn()
  await visit('/links/item?q=')
  site.faults.down = true
  expect(await page()).toContain('The primary site is unreachable')
  expect(await (await visit('/links/item?q=bolt')).json()).toMatchObject({ source: 'seen', items: [{ value: 'ITEM-1' }] })
  expect((await save({ item: 'ITEM-1', note: 'offline' })).status).toBe(303)
  expect(await (await save({ item: 'ITEM-2', note: 'offline' })).text()).toContain('you have not seen Item “ITEM-2” before')
})

test('a denial is answered with a page that offers to sign in', async () => {
  site.faults.deny = true
  const answer = await signIn()
  expect(answer.status).toBe(403)
  const text = await answer.text()
  expect(text).toContain('You did not allow the app')
  expect(text).toContain('Sign in with the primary site')
})

test('reports and sessions survive a restart, also when the primary site has moved', async () => {
  await signIn()
  await save({ item: 'ITEM-1', note: 'kept' })
  await app.close()
  const before = site.url
  await site.close()
  const moved = await site.start()
  app = await startFieldSales({ config: { ...config, issuer: moved.url, movedFrom: before }, data: folder })
  const text = await page()
  expect(text).toContain('Hello, <strong>Sam Seller</strong>')
  expect(text).toContain('kept')
  expect(text).not.toContain('Access has ended.')
})

test('signing out ends the session', async () => {
  await signIn()
  expect(
    (
      await visit('/connect/logout', {
        method: 'POST',
        headers: { origin: app.url, 'content-type': 'application/x-www-form-urlencoded' },
        body: '',
      })
    ).status,
  ).toBe(303)
  expect(await page()).toContain('Sign in with the primary site')
})

test('what is not there is a page of ours, and a body that cannot be read is no failure of ours', async () => {
  expect((await visit('/nowhere')).status).toBe(404)
  expect((await visit('/reports', { method: 'POST', headers: { 'content-type': 'text/strange' }, body: 'x' })).status).toBe(415)
  expect(
    (
      await visit('/reports', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'x'.repeat(70_000),
      })
    ).status,
  ).toBe(413)
})

test.each(['style.css', 'combobox.js', 'icon.svg'])('%s is served as it lies there', async (name) => {
  const answer = await visit(`/static/${name}`)
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  expect(await answer.text()).toBe(await readFile(new URL(`../static/${name}`, import.meta.url), 'utf8'))
})
