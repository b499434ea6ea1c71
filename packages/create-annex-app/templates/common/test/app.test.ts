import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { FakeUpstream, TestBrowser } from '@annex/connector/testing'
import { openApp, type App } from '../src/app.ts'
import { failureOf } from '../src/failure.ts'

const url = 'http://localhost:3000'
const webhookSecret = 'a secret of the test'
let site: FakeUpstream
let app: App
let browser: TestBrowser
let home: string
let data: string

beforeEach(async () => {
  site = new FakeUpstream()
  site.documents.set('Customer', { name: 'CUST-1', customer_name: 'Palmer Productions' })
  site.documents.set('Customer', { name: 'CUST-2', customer_name: 'Grant Plastics' })
  home = await mkdtemp(join(tmpdir(), '{{name}}-'))
  data = join(home, 'data')
  const config = { site: site.issuer, url, port: 0, host: '127.0.0.1', client: site.client, webhookSecret, data }
  app = await openApp(config, { fetch: site.fetch, clock: site.clock.now })
  browser = new TestBrowser((request) => app.connector.handler(request), site, url)
})

afterEach(async () => {
  await app.close()
  await rm(home, { recursive: true })
})

/** The person who is signed in in the browser. */
async function person() {
  const session = await app.connector.session(browser.request())
  assert.ok(session)
  return session
}

test('a person signs in with the site', async () => {
  const answer = await browser.signIn()
  assert.equal(answer.headers.get('location'), `${url}/`)
  assert.equal((await person()).user.issuer, site.issuer)
})

test('the link field offers customers of the site while somebody types', async () => {
  await browser.signIn()
  const answer = await browser.visit('/connect/links/Customer?q=gran', { headers: { 'sec-fetch-site': 'same-origin' } })
  const { items } = await answer.json()
  assert.deepEqual(
    items.map(({ value, label }: Record<string, unknown>) => [value, label]),
    [['CUST-2', 'Grant Plastics']],
  )
})

test('a note is kept with a customer that is there, and refused with any other', async () => {
  await browser.signIn()
  const session = await person()
  assert.equal(await app.insertNote(session, 'CUST-1', 'called'), undefined)
  assert.equal(await app.insertNote(session, 'CUST-9', 'called'), 'customer')
  assert.equal(await app.insertNote(session, 'CUST-1', ' '), 'text')
  assert.deepEqual(
    app.notes.list(session).map(({ label, text }) => [label, text]),
    [['Palmer Productions', 'called']],
  )
})

test('a customer who is renamed at the site is called by the new name here', async () => {
  await browser.signIn()
  const session = await person()
  await app.insertNote(session, 'CUST-1', 'called')
  site.clock.advance(1000)
  site.documents.set('Customer', { name: 'CUST-1', customer_name: 'Palmer Pictures' })
  assert.equal(await webhook('Customer', 'CUST-1'), 204)
  await app.connector.work()
  assert.equal(app.notes.list(session)[0]?.label, 'Palmer Pictures')
})

/** The site calls the app, which answers with a status. */
async function webhook(doctype: string, name: string) {
  const to = { url: `${url}/connect/webhook/${doctype}`, secret: webhookSecret, scheme: 'frappe' } as const
  const [answer] = await site.webhook({ doctype, name, event: 'on_update' }, { ...to, fetch: overHandler })
  return answer?.status
}

const overHandler = async (address: string | URL | Request, init?: RequestInit) =>
  (await app.connector.handler(new Request(address, init)))!

test('the webhook hears of customers alone', async () => {
  site.documents.set('Supplier', { name: 'SUPP-1' })
  assert.equal(await webhook('Supplier', 'SUPP-1'), 404)
})

test('notes stay with their person, who gives the access back and signs in again', async () => {
  await browser.signIn()
  const before = await person()
  await app.insertNote(before, 'CUST-1', 'called')
  await app.connector.connection(before.connection).disconnect()
  await browser.signIn()
  const after = await person()
  assert.notEqual(after.connection, before.connection)
  assert.deepEqual(
    app.notes.list(after).map(({ text }) => text),
    ['called'],
  )
  assert.deepEqual(app.notes.readers('CUST-1'), [after.connection])
})

test('who signs out at the site is signed out here', async () => {
  site.tell({ logoutUrl: `${url}/connect/backchannel-logout`, fetch: overHandler })
  await browser.signIn()
  const [answer] = await site.signOut(site.users[0]!.name)
  assert.equal(answer?.status, 204)
  assert.equal(await app.connector.session(browser.request()), undefined)
})

test('a right that was not given is asked for at the site', async () => {
  site.faults.unticked = ['Customer:read']
  await browser.signIn()
  const session = await person()
  const { status, headers } = await app.insertNote(session, 'CUST-1', 'called').then(() => assert.fail('It was not refused'), failureOf)
  assert.equal(status, 303)
  const stepUp = new URL(headers['location'] ?? '')
  assert.deepEqual([stepUp.pathname, stepUp.searchParams.get('scope')], ['/connect/login', 'Customer:read'])
  site.faults.unticked = []
  await browser.signIn(stepUp.href)
  assert.equal(await app.insertNote(await person(), 'CUST-1', 'called'), undefined)
})

/** What a page answers when the app reads a customer. */
async function failure() {
  const { client } = app.connector.connection((await person()).connection)
  return client.read('Customer', 'CUST-1').then(() => assert.fail('The site answered'), failureOf)
}

test('access that was revoked at the site is asked for again', async () => {
  await browser.signIn()
  await site.revoke()
  const { status, headers } = await failure()
  assert.equal(status, 303)
  const [path] = headers['location']?.split('?') ?? []
  assert.equal(path, `${url}/connect/login`)
})

test('a site that is away is named', async () => {
  await browser.signIn()
  site.faults.down = true
  const { status, text } = await failure()
  assert.equal(status, 503)
  assert.match(text, /cannot be reached/)
})

test('its data is for nobody else on this computer', { skip: process.platform === 'win32' }, async () => {
  assert.equal((await stat(data)).mode & 0o077, 0)
  assert.equal((await stat(join(data, 'keys.json'))).mode & 0o077, 0)
})

test('processes that start for the first time at once have the same keys', async () => {
  const path = join(home, 'keys.json')
  const keys = await startAtOnce(path, 4)
  assert.equal(new Set(keys).size, 1)
  assert.deepEqual(
    (await readdir(home)).filter((name) => name.startsWith('keys')),
    ['keys.json'],
  )
})

/** The keys that each of so many threads reads: all wait for the last one before, for ten seconds at most. */
async function startAtOnce(path: string, count: number): Promise<string[]> {
  const [ready, go] = [new Int32Array(new SharedArrayBuffer(4)), new Int32Array(new SharedArrayBuffer(4))]
  const workerData = { path, count, keys: new URL('../src/keys.ts', import.meta.url).href, ready, go }
  const source = `const { parentPort, workerData: { path, count, keys, ready, go } } = require('node:worker_threads')
    import(keys).then(({ readKeys }) => {
      if (Atomics.add(ready, 0, 1) + 1 < count) Atomics.wait(go, 0, 0, 10_000)
      else if (Atomics.store(go, 0, 1)) Atomics.notify(go, 0)
      parentPort.postMessage(JSON.stringify(readKeys(path)))
    })`
  const threads = Array.from({ length: count }, () => new Worker(source, { eval: true, workerData }))
  try {
    return await Promise.all(
      threads.map((thread) => new Promise<string>((resolve, reject) => thread.once('message', resolve).once('error', reject))),
    )
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()))
  }
}
