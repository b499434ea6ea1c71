import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../tests/support/databases.ts'
import { freePort } from '../../../../tests/support/free-port.ts'
import { backoff } from './backoff.ts'
import { TestOutbox } from './outbox.fixture.ts'
import { Receiver } from './receiver.fixture.ts'

const MINUTE = 60
const DAY = 86_400

describe.each(engines)('the outbox on %s', (engine) => {
  let site: TestOutbox
  let app: Receiver

  beforeEach(async () => {
    site = await TestOutbox.open(engine)
    app = await new Receiver().open()
  })
  afterEach(async () => {
    await site.close()
    await app.close()
  })

  it('sends at the commit, and nothing of what was undone', async () => {
    site.worker()
    const undone = site.database.transaction(async (connection) => {
      await site.outbox.insert(connection, { kind: 'plain', receiver: 'one', payload: { to: app.url, text: 'undone' } })
      throw new Error('undone')
    })
    await expect(undone).rejects.toThrow('undone')
    const id = await site.send(app.url, 'kept')
    const [received] = await app.heard(1)
    expect([received?.body, received?.headers['webhook-id']]).toEqual(['kept', id])
    const done = await site.settled(id, (delivery) => delivery?.state === 'done')
    expect(done).toMatchObject({ attempts: 1, lastError: undefined, nextAt: undefined })
    expect(app.received).toHaveLength(1)
  })

  it('sends what was written together in the order in which it was given, to each receiver', async () => {
    const texts = Array.from({ length: 70 }, (_, index) => String(index))
    const receiverOf = (text: string): string => (Number(text) % 7 === 3 ? 'two' : 'one')
    const messages = texts.map((text) => ({ kind: 'plain', receiver: receiverOf(text), payload: { to: app.url, text } }))
    site.worker()
    const ids = await site.database.transaction((connection) => site.outbox.insertAll(connection, messages))
    const heard = await app.heard(texts.length)
    for (const receiver of ['one', 'two']) {
      const [own, sent] = [heard.filter(({ body }) => receiverOf(body) === receiver), texts.filter((text) => receiverOf(text) === receiver)]
      expect(own.map(({ body }) => body)).toEqual(sent)
      expect(own.map(({ headers }) => headers['webhook-id'])).toEqual(sent.map((text) => ids[Number(text)]))
    }
    expect(await site.database.transaction((connection) => site.outbox.insertAll(connection, []))).toEqual([])
  })

  it('takes in whatever many write at once to the same new receivers, in whatever order', async () => {
    // In the first round connections are made.
    for (const round of [1, 2, 3]) {
      const receivers = Array.from({ length: 60 }, (_, index) => `new ${round} ${index}`)
      const messages = receivers.map((receiver) => ({ kind: 'plain', receiver, payload: { to: null, text: '' } }))
      const insert = (all: typeof messages) => site.database.transaction((connection) => site.outbox.insertAll(connection, all))
      await Promise.all(Array.from({ length: 10 }, (_, at) => insert(at % 2 === 0 ? messages : messages.toReversed())))
      expect(await site.outbox.list(receivers, 1000)).toHaveLength(600)
    }
  })

  it('sends what was written in another process within five seconds', async () => {
    site.worker({ pollEvery: 100 })
    const other = await site.otherProcess()
    await other.worker.stop()
    await site.send(app.url, 'from there', 'one', other.outbox)
    expect((await app.heard(1))[0]?.body).toBe('from there')
  })

  it('gives one receiver one message at a time, in order, however many workers there are', async () => {
    let [open, most] = [0, 0]
    app.behaviour = (response) => {
      most = Math.max(most, (open += 1))
      setImmediate(() => {
        open -= 1
        response.writeHead(200).end()
      })
    }
    for (let index = 0; index < 30; index += 1) await site.send(app.url, String(index))
    await site.send(app.url, 'other', 'two')
    site.worker()
    await site.otherProcess()
    await site.otherProcess()
    const bodies = (await app.heard(31)).map(({ body }) => body)
    expect(bodies.filter((body) => body !== 'other')).toEqual(Array.from({ length: 30 }, (_, index) => String(index)))
    expect(most).toBeLessThanOrEqual(2)
  })

  it('leaves a receiver that cannot be reached alone for longer and longer, and keeps the order', async () => {
    app.behaviour = (response, _received, index) => void response.writeHead(index < 2 ? 503 : 200).end()
    const worker = site.worker()
    const [first, second] = [await site.send(app.url, 'first'), await site.send(app.url, 'second')]
    const once = await site.settled(first, (delivery) => delivery?.attempts === 1)
    expect(once).toMatchObject({ state: 'waiting', lastError: 'The receiver answered 503' })
    expect(Number(once?.nextAt) - site.now()).toBeLessThanOrEqual(6_000_000)
    site.advance(7)
    worker.wake()
    const twice = await site.settled(first, (delivery) => delivery?.attempts === 2)
    expect(Number(twice?.nextAt) - site.now()).toBeGreaterThan(7_000_000)
    site.advance(13)
    worker.wake()
    await site.settled(second, (delivery) => delivery?.state === 'done')
    expect(app.received.map(({ body }) => body)).toEqual(['first', 'first', 'first', 'second'])
    expect(new Set(app.received.slice(0, 3).map(({ headers }) => headers['webhook-id']))).toEqual(new Set([first]))
  })

  it('a hundred receivers that never answer keep no other waiting, neither at first nor when they are tried again', async () => {
    const hung = await new Receiver().open()
    hung.behaviour = (response, _received, index) => void (index < 100 ? response.writeHead(503).end() : undefined)
    const worker = site.worker()
    const ids = await Promise.all(Array.from({ length: 100 }, (_, index) => site.send(hung.url, 'x', `failed-${index}`)))
    for (const id of ids) await site.settled(id, (delivery) => delivery?.attempts === 1)
    site.advance(7)
    worker.wake()
    for (let index = 0; index < 100; index += 1) await site.send(hung.url, 'x', `new-${index}`)
    await hung.heard(200)
    const begun = performance.now()
    await site.send(app.url, 'heard', 'zealous')
    const [received] = await app.heard(1)
    expect(Number(received?.at) - begun).toBeLessThan(2000)
    await hung.close()
  })

  it('waits as long as the receiver asks', async () => {
    app.behaviour = (response) => void response.writeHead(429, { 'retry-after': '600' }).end()
    site.worker()
    const id = await site.send(app.url, 'later')
    const delivery = await site.settled(id, (now) => now?.attempts === 1)
    expect(Number(delivery?.nextAt) - site.now()).toBeGreaterThan(590_000_000)
  })

  it('a message that the receiver refuses holds up no other, and is tried again', async () => {
    app.behaviour = (response, { body }) => void response.writeHead(body === 'bad' ? 400 : 200).end()
    const worker = site.worker()
    const [bad, good] = [await site.send(app.url, 'bad'), await site.send(app.url, 'good')]
    await site.settled(good, (delivery) => delivery?.state === 'done')
    expect(await site.outbox.read(bad)).toMatchObject({ state: 'waiting', attempts: 1, lastError: 'The receiver answered 400' })
    site.advance(7)
    worker.wake()
    await site.settled(bad, (delivery) => delivery?.attempts === 2)
  })

  it('gives up at once where nothing more is wanted, and after three days where nobody answers', async () => {
    const worker = site.worker()
    app.behaviour = (response) => void response.writeHead(410).end()
    const gone = await site.send(app.url, 'gone')
    expect(await site.settled(gone, (delivery) => delivery?.state === 'dead')).toMatchObject({ attempts: 1 })
    const silent = await site.send(`http://127.0.0.1:${await freePort('127.0.0.1')}`, 'silent', 'two')
    expect((await site.settled(silent, (delivery) => delivery?.attempts === 1))?.lastError).toMatch(/refuses connections/)
    site.advance(3 * DAY - MINUTE)
    worker.wake()
    expect(await site.settled(silent, (delivery) => delivery?.attempts === 2)).toMatchObject({ state: 'waiting' })
    site.advance(DAY)
    worker.wake()
    expect(await site.settled(silent, (delivery) => delivery?.attempts === 3)).toMatchObject({ state: 'dead', nextAt: undefined })
  })

  it('lists what became of the messages of a receiver, sends a dead one again, and forgets one', async () => {
    const worker = site.worker()
    app.behaviour = (response, _received, index) => void response.writeHead(index === 0 ? 410 : 200).end()
    const id = await site.send(app.url, 'again')
    await site.settled(id, (delivery) => delivery?.state === 'dead')
    expect(await site.outbox.list(['one', 'three'])).toMatchObject([{ id, state: 'dead', payload: { text: 'again' } }])
    await site.outbox.retry({ id, receiver: 'one' })
    expect(await site.settled(id, (delivery) => delivery?.state === 'done')).toMatchObject({ attempts: 2 })
    await worker.stop()
    const forgotten = await site.send(app.url, 'forgotten')
    await site.outbox.forget(forgotten)
    expect((await site.outbox.list(['one'])).map((delivery) => delivery.id)).toEqual([id])
  })

  it('forgets what nobody is to be told any more, and says when nothing carries a message', async () => {
    site.worker()
    await site.settled(await site.send(null, 'nobody'), (delivery) => delivery === undefined)
    const strange = await site.database.transaction((connection) =>
      site.outbox.insert(connection, { kind: 'strange', receiver: 'two', payload: {} }),
    )
    const delivery = await site.settled(strange, (now) => now?.attempts === 1)
    expect(delivery?.lastError).toBe('The site could not make the call; its log says why')
    expect(String(site.faults[0])).toContain('Nothing carries messages of the kind strange')
  })

  it('keeps what was told for a week, and what was given up for a month', async () => {
    const worker = site.worker()
    app.behaviour = (response, { body }) => void response.writeHead(body === 'dead' ? 410 : 200).end()
    const [done, dead] = [await site.send(app.url, 'done'), await site.send(app.url, 'dead')]
    await site.settled(done, (delivery) => delivery?.state === 'done')
    await site.settled(dead, (delivery) => delivery?.state === 'dead')
    await worker.stop()
    const kept = async (): Promise<string[]> => (await site.outbox.list(['one'])).map(({ state }) => state).toSorted()
    await site.outbox.sweep()
    expect(await kept()).toEqual(['dead', 'done'])
    site.advance(7 * DAY + MINUTE)
    await site.outbox.sweep()
    expect(await kept()).toEqual(['dead'])
    site.advance(23 * DAY)
    await site.outbox.sweep()
    expect(await kept()).toEqual([])
  })

  it('ends what is under way before it stops, and takes up nothing more', async () => {
    const held = Promise.withResolvers<ServerResponse>()
    app.behaviour = (response) => held.resolve(response)
    const worker = site.worker()
    const [first, second] = [await site.send(app.url, 'first'), await site.send(app.url, 'second')]
    const response = await held.promise
    const stopped = worker.stop()
    response.writeHead(200).end()
    await stopped
    expect([(await site.outbox.read(first))?.state, (await site.outbox.read(second))?.state]).toEqual(['done', 'waiting'])
    app.behaviour = (later) => void later.writeHead(200).end()
    site.worker()
    await site.settled(second, (delivery) => delivery?.state === 'done')
  })

  it('a worker keeps its receiver as long as one message after the other gets an answer', async () => {
    const calls = [Promise.withResolvers<ServerResponse>(), Promise.withResolvers<ServerResponse>()]
    app.behaviour = (response, _received, index) => calls[index]?.resolve(response)
    site.worker()
    const ids = [await site.send(app.url, 'first'), await site.send(app.url, 'second')]
    const first = await calls[0]!.promise
    const other = await site.otherProcess()
    site.advance(20)
    first.writeHead(200).end()
    const second = await calls[1]!.promise
    site.advance(20)
    other.worker.wake()
    await other.worker.stop()
    second.writeHead(200).end()
    for (const id of ids) await site.settled(id, (delivery) => delivery?.state === 'done')
    expect(app.received.map(({ body }) => body)).toEqual(['first', 'second'])
  })

  it('a worker that gives no sign for its lease loses the receiver, and its late word counts no more', async () => {
    const held = Promise.withResolvers<ServerResponse>()
    app.behaviour = (response, _received, index) => void (index === 0 ? held.resolve(response) : response.writeHead(200).end())
    site.worker()
    const id = await site.send(app.url, 'twice')
    const response = await held.promise
    const other = await site.otherProcess()
    expect(app.received).toHaveLength(1)
    site.advance(31)
    other.worker.wake()
    await site.settled(id, (delivery) => delivery?.state === 'done')
    response.writeHead(500).end()
    await site.close()
    site = await TestOutbox.open(engine)
    expect(app.received.map(({ body }) => body)).toEqual(['twice', 'twice'])
  })
})

describe('the wait after a failure', () => {
  it('doubles from five seconds to six hours, a fifth more or less', () => {
    const middle = (failures: number): number => backoff(failures, 0, () => 0.5) / 1_000_000
    expect([1, 2, 3, 10, 13, 14, 100].map(middle)).toEqual([5, 10, 20, 2560, 20_480, 21_600, 21_600])
    expect([backoff(1, 0, () => 0), backoff(1, 0, () => 1)]).toEqual([4_000_000, 6_000_000])
    expect(backoff(1, 1e15)).toBe(21_600_000_000)
  })
})
