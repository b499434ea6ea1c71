import { createHmac } from 'node:crypto'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { SignInRequired } from '../errors.ts'
import { memoryStore } from '../../stores/memory.ts'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../testing/test-app.ts'
import { TestClock } from '../../testing/test-clock.ts'
import { documentOf, FRAPPE, Receiving } from './receiver.fixture.ts'
import type { DocumentChange } from './webhook-options.ts'

/** Frappe 15 writes its JSON as Python does. */
const python = (fields: Readonly<Record<string, unknown>>): string =>
  `{${Object.entries(fields)
    .map(([name, value]) => `"${name}": ${JSON.stringify(value)}`)
    .join(', ')}}`

describe.each(['annex', 'frappe-16', 'frappe-15'] as const)('an app at a site of the kind %s', (kind) => {
  async function open() {
    const clock = new TestClock(Date.parse('2026-11-22T08:00:00Z'))
    const site = new FakeUpstream({ kind, clock })
    const told: DocumentChange[] = []
    const app = new TestApp(site, {
      store: memoryStore({ clock: clock.now }),
      links: { Customer: { searchFields: ['customer_name'], label: 'customer_name' } },
      webhooks: { secrets: { frappe: [FRAPPE] }, onDocument: (change) => void told.push(change) },
    })
    site.documents.set('Customer', { name: 'C-1', customer_name: 'Old Name' })
    const connections = []
    for (const user of ['sam@example.com', 'lea@example.com']) {
      await app.signIn(undefined, { user })
      const connection = await app.connection()
      await connection.links.search('Customer', { text: 'Old' })
      connections.push(connection)
      await app.visit(app.connector.signOutUrl, { method: 'POST' })
    }
    /** As the site's webhook `on_update`, with the fields `name` and `modified`. */
    const send = (document: Readonly<Record<string, unknown>>) => {
      const body = python({ name: document['name'], modified: document['modified'] })
      const signature = createHmac('sha256', FRAPPE).update(body).digest('base64')
      return app.visit('/connect/webhook/Customer', { method: 'POST', body, headers: { 'x-frappe-webhook-signature': signature } })
    }
    return { site, clock, app, told, send, sam: connections[0]!, lea: connections[1]! }
  }

  test('D24 is told of a changed document as each person who has kept its name reads it, and shows its new name', async () => {
    const { site, clock, app, told, send, sam, lea } = await open()
    clock.advance(1000)
    expect((await send(site.documents.set('Customer', { name: 'C-1', customer_name: 'New Name' }))).status).toBe(204)
    expect(await app.connector.work()).toMatchObject({ inbox: 1 })
    expect(told.map(({ connection }) => connection).toSorted()).toEqual([sam.id, lea.id].toSorted())
    expect(told[0]).toMatchObject({ doctype: 'Customer', name: 'C-1', state: 'there', document: { customer_name: 'New Name' } })
    for (const { docnames } of [sam, lea])
      expect((await docnames.resolve('Customer', ['C-1'])).get('C-1')).toMatchObject({ label: 'New Name' })
  })

  test('tells who may not read it any more that it is hidden, and shows them nothing of it', async () => {
    const { site, clock, app, told, send, sam, lea } = await open()
    clock.advance(1000)
    const document = site.documents.set('Customer', { name: 'C-1', customer_name: 'New Name' })
    site.documents.hide('Customer', 'C-1', 'lea@example.com')
    await send(document)
    await app.connector.work()
    const of = (id: string) =>
      told.filter(({ connection }) => connection === id).map(({ state, document: shown }) => [state, shown?.['customer_name']])
    expect([of(sam.id), of(lea.id)]).toEqual([[['there', 'New Name']], [['hidden', undefined]]])
    expect(JSON.stringify([...(await lea.docnames.resolve('Customer', ['C-1'])).values()])).not.toContain('New Name')
  })

  test('tells that a document is gone, though the webhook `on_trash` sends the bytes of the last `on_update`', async () => {
    const { site, clock, app, told, send, sam } = await open()
    clock.advance(1000)
    const document = site.documents.set('Customer', { name: 'C-1', customer_name: 'New Name' })
    await send(document)
    await app.connector.work()
    site.documents.remove('Customer', 'C-1')
    for (let n = 0; n < 3; n++) {
      clock.advance(1000)
      await send(document)
      await app.connector.work()
    }
    expect(told.filter(({ connection }) => connection === sam.id).map(({ state }) => state)).toEqual(['there', 'gone'])
  })

  test('T9 finds the new name of a document that was renamed, which no webhook tells of, with the next one of the old name', async () => {
    const { site, clock, app, told, send, sam } = await open()
    const before = site.documents.read('Customer', 'C-1')!
    clock.advance(1000)
    site.documents.rename('Customer', 'C-1', 'C-2')
    await send(before)
    await app.connector.work()
    expect(told.find(({ connection }) => connection === sam.id)).toMatchObject({ state: 'gone', document: null, renamedTo: 'C-2' })
    expect((await sam.docnames.resolve('Customer', ['C-1'])).get('C-1')).toMatchObject({ renamedTo: 'C-2' })
  })

  test('tells of each change once, when the site sends it thrice, and when the first answer is lost', async () => {
    const { site, clock, app, told, send, sam } = await open()
    clock.advance(1000)
    const document = site.documents.set('Customer', { name: 'C-1', customer_name: 'New Name' })
    site.faults.down = true
    for (let n = 0; n < 3; n++) await send(document)
    await app.connector.work()
    expect(told).toEqual([])
    site.faults.down = false
    for (let n = 0; n < 10; n++) {
      clock.advance(1000)
      await send(document)
      await app.connector.work()
    }
    expect(told.filter(({ connection }) => connection === sam.id)).toHaveLength(1)
  })
})

test.each([
  [memoryStore(), true, 1],
  [{ ...memoryStore(), durable: true }, true, 0],
  [memoryStore(), false, 0],
])('an app that receives into a store which a crash takes away says so in its log', (store, receives, times) => {
  const webhooks = { secrets: { frappe: [FRAPPE] }, onDocument: () => undefined }
  const app = new TestApp(new FakeUpstream(), { store, ...(receives ? { webhooks } : {}) })
  expect(app.events.filter((event) => event === 'store-not-durable')).toHaveLength(times)
})

const MODIFIED = '2026-11-22 08:00:00.000001'
const SENT = JSON.stringify({ name: 'A', modified: MODIFIED })
const SEEN = { doctype: 'Customer', name: 'A', label: 'A', description: '', fields: {}, modified: MODIFIED, creation: MODIFIED }
const KEPT = { ...SEEN, state: 'there', renamedTo: null, seenAt: 0 } as const

describe('a document that concerns many', () => {
  test.each([
    ['its `modified`', SENT],
    ['a later one, which no reading reaches', JSON.stringify({ name: 'A', modified: '9999-12-31 23:59:59.999999' })],
  ])('is told to 300 persons of a slow site in parts: each is read once, nothing fails, and it ends, sent with %s', async (_what, sent) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const app = new Receiving({ readers: () => [] })
    let [reads, asleep] = [0, 0]
    app.reads = async (_connection, doctype, name) => {
      reads += 1
      asleep += 1
      await new Promise((resolve) => setTimeout(resolve, 2000))
      asleep -= 1
      return documentOf(doctype, name, MODIFIED)
    }
    for (let n = 0; n < 300; n++) await app.store.docnames.keep(`p${n}`, '', [KEPT])
    await app.frappe(sent)
    let rounds = 0
    for (; rounds < 10 && (await app.waiting()).length > 0; rounds++) {
      const state = { isOver: false }
      const round = app.work().finally(() => (state.isOver = true))
      while (!state.isOver) {
        // Hashing takes real time, in which the clock stands.
        await new Promise((resolve) => setImmediate(resolve))
        if (asleep > 0) await vi.advanceTimersByTimeAsync(100)
      }
      await round
      app.now += 1000
    }
    expect([reads, app.told.length, await app.waiting()]).toEqual([300, 300, []])
    expect(rounds).toBeGreaterThan(1)
    expect(app.log).toEqual([])
  })

  test('is told after the app has looked for its readers, however long that takes', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const app = new Receiving({ readers: () => (vi.advanceTimersByTime(40_000), ['p0', 'p1']) })
    await app.frappe(SENT)
    await app.work()
    expect([app.told.length, await app.waiting(), app.log]).toEqual([2, [], []])
  })

  test('an attempt whose whole time went to persons that cannot be told has failed, and is not begun anew for ever', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const app = new Receiving({ readers: () => Array.from({ length: 30 }, (_, n) => `p${n}`) })
    app.reads = () => {
      vi.advanceTimersByTime(10_000)
      throw new SignInRequired('over', 'https://app.example/connect/login', 'expired')
    }
    await app.frappe(SENT)
    await app.work()
    const failed = app.log.filter(([event]) => event === 'webhook-failed')
    expect(failed).toMatchObject([['webhook-failed', { attempts: 1, error: 'Nobody could be told in the time of an attempt' }]])
    expect(await app.waiting()).toHaveLength(1)
  })

  test('is told to everybody but one whose read does not end: that read is aborted, and nobody else is read for again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const app = new Receiving({ readers: () => Array.from({ length: 30 }, (_, n) => `p${n}`) })
    const reads = new Map<string, number>()
    const signals: AbortSignal[] = []
    app.reads = (connection, doctype, name, signal) => {
      reads.set(connection, (reads.get(connection) ?? 0) + 1)
      if (connection !== 'p0') return documentOf(doctype, name, MODIFIED)
      signals.push(signal!)
      return new Promise(() => undefined)
    }
    await app.frappe(SENT)
    for (let n = 1; n <= 3; n++) {
      const round = app.work()
      await vi.waitFor(() => expect(signals).toHaveLength(n))
      await vi.advanceTimersByTimeAsync(20_000)
      expect(await round).toBe(1)
      app.now += 4000
    }
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true])
    expect([...reads.values()].toSorted((a, b) => a - b)).toEqual([...Array.from({ length: 29 }, () => 1), 3])
    expect(app.told).toHaveLength(29)
  })

  test('an attempt that overran does not give back the turn that its successor has taken', async () => {
    const app = new Receiving()
    const holders: string[] = []
    const { leases } = app.store
    const acquire = leases.acquire.bind(leases)
    leases.acquire = (name, holder, ms) => (holders.push(holder), acquire(name, holder, ms))
    app.onDocument = () => Promise.reject(new Error('busy'))
    await app.frappe(SENT)
    await app.work()
    app.now += 1000
    await app.work()
    expect([holders.length, new Set(holders).size]).toEqual([2, 2])
  })
})
