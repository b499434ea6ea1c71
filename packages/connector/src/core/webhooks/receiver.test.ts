import { signFrappeWebhook, signWebhook, webhookSecret } from '@annex/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { LARGEST_BODY } from '../connector/answering/read-body.ts'
import { documentOf, FRAPPE, Receiving, STANDARD } from './receiver.fixture.ts'

/** As Python writes it. */
const body = '{"name": "Gr\\u00fcn", "modified": "2026-11-22 08:00:00.000001"}'
const named = JSON.stringify({
  type: 'customer.updated',
  data: { doctype: 'Customer', name: 'Grün', modified: '2026-11-22 08:00:00.000001' },
})
const DAY = 86_400_000
let app: Receiving
beforeEach(() => {
  app = new Receiving()
})

describe('the receiver of webhooks', () => {
  test('T8 D24 keeps what a Frappe site signed, and answers 204', async () => {
    const answer = await app.frappe(body)
    expect([answer.status, await answer.text()]).toEqual([204, ''])
    expect(await app.store.inbox.list('waiting', 10)).toMatchObject([
      {
        kind: 'document',
        payload: '{"doctype":"Customer","name":"Grün","event":null,"modified":"2026-11-22 08:00:00.000001"}',
        receivedAt: app.now,
      },
    ])
    expect(app.woken).toBe(1)
  })

  test('D24 keeps what was signed as Standard Webhooks say, under the id of the sender', async () => {
    expect((await app.standard(named)).status).toBe(204)
    expect(await app.waiting()).toEqual(['s:msg_1'])
    expect((await app.standard(body, { id: 'msg_2', path: '/webhook/Customer' })).status).toBe(204)
  })

  test('T8 refuses the same document written again by JavaScript, and one byte more', async () => {
    const signature = await signFrappeWebhook(new TextEncoder().encode(body), FRAPPE)
    for (const other of [JSON.stringify(JSON.parse(body)), `${body} `, `\ufeff${body}`]) {
      const answer = await app.post('/webhook/Customer', other, { 'x-frappe-webhook-signature': signature })
      expect([answer.status, await answer.text()]).toEqual([401, 'forged'])
    }
    expect(await app.waiting()).toEqual([])
    expect(app.events).toEqual(Array.from({ length: 3 }, () => ['webhook-rejected', { why: 'forged', path: '/connect/webhook/Customer' }]))
  })

  test('refuses what was signed as Standard Webhooks say once a mark of byte order stands before it', async () => {
    const signed = await signWebhook({ id: 'm', timestamp: app.now / 1000, body: named }, [STANDARD])
    const bytes = new TextEncoder().encode(`\ufeff${named}`)
    expect((await app.post('/webhook', bytes, { 'content-type': 'application/json', ...signed })).status).toBe(401)
    expect((await app.post('/webhook', bytes.slice(3), { 'content-type': 'application/json', ...signed })).status).toBe(204)
  })

  test('T8 takes the body of a Frappe 16, with its line breaks', async () => {
    const pretty = '{\n "modified": "2026-11-22 08:00:00.000001",\n "name": "Gr\\u00fcn"\n}'
    expect((await app.frappe(pretty)).status).toBe(204)
  })

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/x-www-form-urlencoded',
    'text/plain',
    'application/cloudevents+json',
  ])('T8 takes JSON that is called %s: Frappe 15 calls it a form by default', async (type) =>
    expect((await app.frappe(body, { 'content-type': type })).status).toBe(204),
  )

  test.each([
    [{ 'content-type': 'multipart/form-data; boundary=x' }],
    [{ 'content-type': 'application/octet-stream' }],
    [{ 'content-type': 'application/json', 'content-encoding': 'gzip' }],
  ])('refuses %j with 415', async (headers) => expect((await app.frappe(body, headers as never)).status).toBe(415))

  test('refuses what nobody signed, and what somebody else did, with 401', async () => {
    const stranger = webhookSecret(new Uint8Array(32).fill(7))
    const answers = [
      await app.post('/webhook/Customer', body),
      await app.post('/webhook/Customer', body, { 'x-frappe-webhook-signature': 'x' }),
      await app.frappe(body, {}, '/webhook/Customer', 'another'),
      await app.standard(named, { secrets: [stranger] }),
      await app.standard(named, { id: 'm'.repeat(257) }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401])
    expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(['unsigned', 'malformed', 'forged', 'forged', 'malformed'])
    expect(await app.waiting()).toEqual([])
  })

  test('takes either of two secrets while the site changes over, and no other', async () => {
    const [next, other] = [1, 2].map((n) => webhookSecret(new Uint8Array(32).fill(n))) as [string, string]
    app = new Receiving({ secrets: { standard: [next, STANDARD], frappe: ['newer', FRAPPE] } })
    for (const [n, secret] of [next, STANDARD].entries())
      expect((await app.standard(named, { id: `m${n}`, secrets: [secret] })).status).toBe(204)
    for (const secret of ['newer', FRAPPE]) expect((await app.frappe(body, {}, '/webhook/Customer', secret)).status).toBe(204)
    expect((await app.standard(named, { secrets: [other] })).status).toBe(401)
    expect((await app.frappe(body, {}, '/webhook/Customer', 'third')).status).toBe(401)
  })

  test('an app that holds one kind of secret takes what is signed by both, and nothing of the other kind', async () => {
    const both = {
      ...(await signWebhook({ id: 'm', timestamp: app.now / 1000, body: named }, [STANDARD])),
      'x-frappe-webhook-signature': await signFrappeWebhook(new TextEncoder().encode(named), FRAPPE),
    }
    for (const secrets of [{ standard: [STANDARD] }, { frappe: [FRAPPE] }, { standard: [STANDARD], frappe: [FRAPPE] }])
      expect((await new Receiving({ secrets }).post('/webhook', named, both)).status).toBe(204)
    expect((await new Receiving({ secrets: { standard: [STANDARD] } }).frappe(body)).status).toBe(401)
    expect((await new Receiving({ secrets: { frappe: [FRAPPE] } }).standard(named)).status).toBe(401)
  })

  test.each([
    [-300, 204, ''],
    [300, 204, ''],
    [-301, 401, 'too-old'],
    [301, 401, 'too-new'],
  ])('a sender whose clock is %i s off is answered %i', async (seconds, status, why) => {
    const answer = await app.standard(named, { at: app.now + seconds * 1000 })
    expect([answer.status, await answer.text()]).toEqual([status, why])
  })

  test('a megabyte is taken, one byte more is not, whether its length is told or not', async () => {
    const filled = (length: number): string => body.replace('}', `, "x": "${'x'.repeat(length - body.length - 9)}"}`)
    expect(filled(LARGEST_BODY)).toHaveLength(LARGEST_BODY)
    expect((await app.frappe(filled(LARGEST_BODY))).status).toBe(204)
    expect((await app.frappe(filled(LARGEST_BODY + 1))).status).toBe(413)
    expect((await app.frappe(body, { 'content-length': String(LARGEST_BODY + 1) })).status).toBe(413)
    expect(await app.waiting()).toHaveLength(1)
  })

  test('a body without an end is left where it passes a megabyte', async () => {
    let sent = 0
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array((sent += 65_536) && 65_536)) })
    const request = new Request('https://app.example/connect/webhook/Customer', {
      method: 'POST',
      body: endless,
      duplex: 'half',
    } as RequestInit)
    expect((await app.room.routes[1]!.answer(request)).status).toBe(413)
    expect(sent).toBeLessThan(2 * LARGEST_BODY)
  })

  test.each([
    ['/webhook', body],
    ['/webhook/Customer', '{"modified": "2026-11-22 08:00:00.000001"}'],
    ['/webhook/Customer', 'name=Gr%C3%BCn'],
    ['/webhook/Customer', '[]'],
    ['/webhook/Customer', ''],
    ['/webhook/Customer', '{"name": ""}'],
    ['/webhook/Customer', '{"name": {"a": 1}}'],
    ['/webhook/Customer', `{"name": "${'x'.repeat(141)}"}`],
    ['/webhook/Customer', '{"name": "a\\u0000b"}'],
    ['/webhook/Customer', '{"name": " A"}'],
    ['/webhook/Customer', '{"name": "A\\u00a0"}'],
    ['/webhook/Customer', '{"name": "A\\ud800"}'],
    ['/webhook', '{"name": "A", "doctype": "Custo\\udc00mer"}'],
    ['/webhook/Customer%20', body],
    ['/webhook/%20Customer', body],
    ['/webhook/Item', '{"name": "Grün", "doctype": "Customer"}'],
    ['/webhook/%E0%A4%A', body],
    ['/webhook/%01told%20Customer', body],
    [`/webhook/${'x'.repeat(141)}`, body],
  ])('%s with %s is signed and names no document: 400', async (path, sent) => {
    const answer = await app.frappe(sent, {}, path)
    expect([answer.status, await answer.text()]).toEqual([400, 'malformed'])
    expect(app.events).toMatchObject([['webhook-rejected', { why: 'malformed' }]])
    expect(await app.waiting()).toEqual([])
  })

  test.each([
    ['/webhook/Sales%20Invoice', 'Sales Invoice', '{"name": "SINV/1"}', 'SINV/1'],
    ['/webhook/Note', 'Note', '{"name": 17}', '17'],
    ['/webhook', 'Customer', '{"doctype": "Customer", "name": "A"}', 'A'],
  ])('at %s it is a %s', async (path, doctype, sent, name) => {
    expect((await app.frappe(sent, {}, path)).status).toBe(204)
    const [entry] = await app.store.inbox.list('waiting', 1)
    expect(JSON.parse(entry!.payload)).toMatchObject({ doctype, name })
  })

  test('a call for a DocType that the app does not hear of is answered 404, and nothing is kept', async () => {
    app = new Receiving({ doctypes: ['Customer', 'Sales Invoice'] })
    const answers = [
      await app.frappe(body, {}, '/webhook/Supplier'),
      await app.frappe(body, {}, '/webhook/customer'),
      await app.frappe('{"doctype": "User", "name": "A"}', {}, '/webhook'),
      await app.standard(JSON.stringify({ doctype: 'User', name: 'A' })),
    ]
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404])
    expect(app.events[0]).toEqual(['webhook-rejected', { why: 'unknown-doctype', path: '/connect/webhook/Supplier' }])
    expect(await app.waiting()).toEqual([])
    expect((await app.frappe(body, {}, '/webhook/Sales%20Invoice')).status).toBe(204)
    expect((await app.standard(named)).status).toBe(204)
    expect((await app.post('/webhook/Supplier', body)).status).toBe(401)
  })

  test('a store that does not take it is answered 503, and nothing is kept', async () => {
    app.store.inbox.add = () => Promise.reject(new Error('the disk is full'))
    const answer = await app.frappe(body)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await answer.text()).not.toContain('disk')
    expect(app.log.at(-1)).toMatchObject(['webhook-not-kept', { error: 'the disk is full' }])
    expect(app.woken).toBe(0)
  })

  test('is answered only when the store has it', async () => {
    const { promise, resolve } = Promise.withResolvers<'added'>()
    let [asked, answered] = [false, false]
    app.store.inbox.add = () => ((asked = true), promise)
    const answer = app.frappe(body).then((response) => ((answered = true), response))
    await expect.poll(() => asked).toBe(true)
    expect(answered).toBe(false)
    resolve('added')
    expect((await answer).status).toBe(204)
  })
})

describe('repeats', () => {
  test('D24 are answered 204 and dropped for four days, and taken a day later; those of a Frappe only while they wait, and told once', async () => {
    const sendAll = async () => {
      for (const answer of [await app.frappe(body), await app.standard(named)]) expect(answer.status).toBe(204)
    }
    for (let n = 0; n < 3; n++) await sendAll()
    expect(await app.work()).toBe(2)
    for (const after of [0, 1, 3.9]) {
      app.now = Date.parse('2026-11-22T08:00:00Z') + after * DAY
      for (let n = 0; n < 3; n++) await sendAll()
      expect([after, await app.work(), await app.work()]).toEqual([after, 1, 0])
    }
    app.now += 1.2 * DAY
    expect(await app.store.inbox.sweep(app.now - 4 * DAY, 0)).toBe(1)
    await sendAll()
    expect(await app.work()).toBe(2)
    expect(app.told).toHaveLength(1)
  })

  test('of a change without `modified` are dropped while it waits; once it is done, the next is worked on as well', async () => {
    const bare = '{"name": "A"}'
    for (let n = 0; n < 3; n++) expect((await app.frappe(bare)).status).toBe(204)
    expect(await app.work()).toBe(1)
    expect((await app.frappe(bare)).status).toBe(204)
    expect(await app.work()).toBe(1)
    expect(app.log.filter(([event]) => event === 'webhook-without-modified')).toHaveLength(1)
  })

  test('of a change without `modified` that comes while the first is worked on is worked on after it', async () => {
    const bare = '{"name": "A"}'
    await app.frappe(bare)
    app.reads = async (_connection, doctype, name) => {
      if (app.told.length === 0) await app.frappe(bare)
      return documentOf(doctype, name, `2026-11-22 08:00:00.00000${app.told.length}`)
    }
    expect(await app.work()).toBe(1)
    app.now += 1000
    expect(await app.work()).toBe(1)
    expect(app.told.map(({ modified }) => modified)).toEqual(['2026-11-22 08:00:00.000000', '2026-11-22 08:00:00.000001'])
  })

  test('of a change without `modified` are worked on once a second at most, whatever else they say', async () => {
    let reads = 0
    app.reads = (_connection, doctype, name) => documentOf(doctype, name, `2026-11-22 08:00:00.00000${(reads += 1)}`)
    for (let ms = 0; ms < 3000; ms += 100) {
      for (const n of [0, 1]) await app.frappe(JSON.stringify({ name: 'A', n }))
      await app.work()
      app.now += 100
    }
    expect(reads).toBe(3)
    await app.frappe('{"name": "B"}')
    await app.work()
    expect(app.told.at(-1)?.name).toBe('B')
  })

  test('of a change without `modified` that comes between two attempts is told to those who were told before it', async () => {
    app = new Receiving({ readers: () => ['alice', 'bob'] })
    let [modified, isAway] = ['2026-11-22 08:00:00.000001', true]
    app.reads = (connection, doctype, name) => {
      if (connection === 'bob' && isAway) throw new Error('away')
      return documentOf(doctype, name, modified)
    }
    await app.frappe('{"name": "A"}')
    await app.work()
    ;[modified, isAway] = ['2026-11-22 08:00:00.000002', false]
    await app.frappe('{"name": "A"}')
    app.now += 1000
    await app.work()
    expect(app.told.map((change) => `${change.connection} ${change.modified.at(-1)}`)).toEqual(['alice 1', 'alice 2', 'bob 2'])
    expect(await app.waiting()).toEqual([])
  })

  test('at another address are another message', async () => {
    await app.frappe(body)
    await app.frappe(body, {}, '/webhook/Supplier')
    expect(await app.waiting()).toHaveLength(2)
  })
})
