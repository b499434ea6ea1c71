import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKeys } from '@annex/connector'
import { FakeUpstream, TestBrowser, type FakeChoice } from '@annex/connector/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { FieldSalesConfig } from './config.ts'
import { startFieldSales, type FieldSales } from './field-sales.ts'

const WEBHOOK_SECRET = 'typed at the site'
const EVENT_SECRET = `whsec_${btoa('0123456789abcdef0123456789abcdef')}`
const CUSTOMERS = '/connect/links/Visit.customer'
const ITEMS = '/connect/links/Visit.item'

let site: FakeUpstream
let listening: Awaited<ReturnType<FakeUpstream['listen']>>
let folder: string
let config: FieldSalesConfig
let app: FieldSales
let browser: TestBrowser

beforeEach(async () => {
  site = new FakeUpstream()
  listening = await site.listen()
  for (const name of ['Item', 'Customer'])
    site.documents.define({ name, fields: [{ fieldname: 'title', fieldtype: 'Data' }], title_field: 'title' })
  site.documents.set('Item', { name: 'ITEM-1', title: 'Bolt <M8>' })
  site.documents.set('Customer', { name: 'CUST-1', title: 'Apple Inc' })
  folder = await mkdtemp(join(tmpdir(), 'field-sales-'))
  config = {
    issuer: site.issuer,
    clientId: site.client.id,
    clientSecret: site.client.secret,
    url: `http://localhost:${await freePort()}`,
    keys: createKeys(),
    webhookSecret: WEBHOOK_SECRET,
    eventSecret: EVENT_SECRET,
  }
  app = await startFieldSales({ config, data: folder })
  browser = openBrowser()
})
afterEach(async () => {
  await app.close()
  await listening.close()
  await rm(folder, { recursive: true })
})

const openBrowser = (): TestBrowser => new TestBrowser((request) => fetch(request, { redirect: 'manual' }), site, app.url)

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const visit = (path: string, init?: RequestInit): Promise<Response> => browser.visit(path, init)

const page = async (path = '/'): Promise<string> => (await visit(path)).text()

const signIn = (path?: string, choice?: FakeChoice): Promise<Response> => browser.signIn(path, choice)

const save = (values: Record<string, string>, headers: Record<string, string> = { origin: app.url }): Promise<Response> =>
  visit('/reports', { method: 'POST', headers, body: new URLSearchParams(values) })

test('a stranger is offered to sign in with the primary site, and learns nothing else', async () => {
  const welcome = await visit('/')
  expect(await welcome.text()).toContain('Sign in with the primary site')
  expect(welcome.headers.get('content-security-policy')).toMatch(/script-src 'self';/)
  expect((await visit(`${ITEMS}?q=`)).status).toBe(401)
  expect((await save({ item: 'ITEM-1', note: 'x' })).headers.get('location')).toBe('/')
})

test('a person signs in, is greeted by name, searches, and saves a report with the docnames', async () => {
  expect((await signIn()).headers.get('location')).toBe(`${app.url}/`)
  expect(await page()).toContain('Hello, <strong>Sam Seller</strong>')
  expect(await (await visit(`${ITEMS}?q=bolt`)).json()).toEqual({
    items: [{ value: 'ITEM-1', label: 'ITEM-1', description: 'Bolt <M8>' }],
    more: false,
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
  expect((await visit(`${CUSTOMERS}?q=`)).status).toBe(403)
  expect((await save({ item: 'ITEM-1', note: 'without a customer' })).status).toBe(303)
  site.faults.unticked = []
  const ask = /href="[^"]*(\/connect\/login\?[^"]*scope=[^"]*)"/.exec(text)![1]!.replaceAll('&amp;', '&')
  await signIn(ask)
  expect(await page()).not.toContain('Customer:read')
  expect((await visit(`${CUSTOMERS}?q=apple`)).status).toBe(200)
})

test('after the access was taken away the next click says so, and nothing else breaks', async () => {
  await signIn()
  await save({ item: 'ITEM-1', note: 'before' })
  await site.revoke()
  const search = await visit(`${ITEMS}?q=`)
  expect(search.status).toBe(401)
  expect(await search.json()).toMatchObject({ url: expect.stringContaining(`${app.url}/connect/login`) as string })
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
  await site.revoke()
  const answer = await save({ item: 'ITEM-1', note: 'half typed' })
  expect(answer.status).toBe(401)
  expect(await answer.text()).toMatch(/Access has ended\.[\s\S]*half typed/)
})

test('while the primary site is down, what was seen last is shown and can be saved', async () => {
  await signIn()
  await visit(`${ITEMS}?q=`)
  site.faults.down = true
  expect(await page()).toContain('The primary site is unreachable')
  expect(await (await visit(`${ITEMS}?q=bolt`)).json()).toMatchObject({ source: 'kept', items: [{ value: 'ITEM-1' }] })
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
  const before = site.issuer
  await listening.close()
  listening = await site.listen()
  app = await startFieldSales({ config: { ...config, issuer: site.issuer, movedFrom: before }, data: folder })
  const text = await page()
  expect(text).toContain('Hello, <strong>Sam Seller</strong>')
  expect(text).toContain('kept')
  expect(text).not.toContain('Access has ended.')
})

test('a docname that is spelled otherwise, or has another name now, is saved as the site calls it', async () => {
  await signIn()
  await visit(`${ITEMS}?q=bolt`)
  await save({ item: 'ITEM-1', note: 'before' })
  site.documents.rename('Item', 'ITEM-1', 'BOLT-1')
  await save({ item: 'ITEM-1', note: 'after' })
  expect(await page()).toMatch(/after<\/p>[^]*BOLT-1<\/span> Bolt &lt;M8&gt;[^]*before/)
})

test('what the site tells of an item or a customer is shown in the reports of those who may see it', async () => {
  for (const user of ['lea@example.com', 'sam@example.com']) {
    browser = openBrowser()
    await signIn(undefined, { user })
    await save({ item: 'ITEM-1', customer: 'CUST-1', note: 'kept' })
  }
  const told = (doctype: string, name: string): Promise<Response[]> =>
    site.webhook(
      { doctype, name, event: 'on_update' },
      { url: `${app.url}/connect/webhook/${doctype}`, secret: WEBHOOK_SECRET, scheme: 'frappe' },
    )
  site.documents.hide('Customer', 'CUST-1', 'lea@example.com')
  site.documents.set('Customer', { name: 'CUST-1', title: 'Apple Ltd' })
  site.documents.set('Item', { name: 'ITEM-1', title: 'Bolt M8, zinc' })
  const answers = [...(await told('Customer', 'CUST-1')), ...(await told('Item', 'ITEM-1'))]
  expect(answers.map(({ status }) => status)).toEqual([204, 204])
  await expect.poll(() => page()).toMatch(/ITEM-1<\/span> Bolt M8, zinc[^]*CUST-1<\/span> Apple Ltd/)
  browser = openBrowser()
  await signIn(undefined, { user: 'lea@example.com' })
  await expect.poll(() => page()).toMatch(/ITEM-1<\/span> Bolt M8, zinc[^]*CUST-1<\/span>\s*<time/)
})

test('a webhook that the site did not sign changes nothing', async () => {
  await signIn()
  await save({ item: 'ITEM-1', customer: 'CUST-1', note: 'kept' })
  const answers = await site.webhook(
    { doctype: 'Customer', name: 'CUST-1', event: 'on_update' },
    { url: `${app.url}/connect/webhook/Customer`, secret: 'guessed', scheme: 'frappe' },
  )
  expect(answers.map(({ status }) => status)).toEqual([401])
  expect(await page()).toContain('Apple Inc')
})

test('a revocation that the site tells of leaves docnames and notes, and nothing of what the site had said', async () => {
  site.tell({ events: { url: `${app.url}/connect/events`, secret: EVENT_SECRET } })
  await signIn()
  await save({ item: 'ITEM-1', customer: 'CUST-1', note: 'mine' })
  await site.revoke()
  await expect.poll(() => page()).not.toContain('Apple Inc')
  const text = await page()
  expect(text).toContain('Access has ended.')
  expect(text).toMatch(/mine[^]*ITEM-1[^]*CUST-1/)
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
