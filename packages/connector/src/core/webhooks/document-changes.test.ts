import { FrappeError } from '@annex/protocol'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { KeptDocname } from '../../stores/connector-store.ts'
import { ScopeMissing, SignInRequired, UpstreamUnavailable } from '../errors.ts'
import { documentOf, Receiving } from './receiver.fixture.ts'

const M1 = '2026-11-22 08:00:00.000001'
const M2 = '2026-11-22 08:00:00.000002'
const M3 = '2026-11-22 08:00:00.000003'
let app: Receiving
let current: string
beforeEach(() => {
  app = new Receiving()
  current = M1
  app.reads = (_connection, doctype, name) => documentOf(doctype, name, current)
})

const changed = (modified: string, name = 'A'): Promise<Response> => app.frappe(JSON.stringify({ name, modified }))
const kept = (name: string): KeptDocname => ({
  doctype: 'Customer',
  name,
  label: name,
  description: '',
  fields: {},
  modified: M1,
  creation: M1,
  state: 'there',
  renamedTo: null,
  seenAt: app.now,
})

describe('a changed document', () => {
  test('is told as the person reads it, not as the webhook says it', async () => {
    current = M2
    await app.frappe(JSON.stringify({ name: 'A', modified: M1, customer_name: 'somebody else', event: 'on_update' }))
    expect(await app.work()).toBe(1)
    const document = documentOf('Customer', 'A', M2)
    const [entry] = app.told
    expect(app.told).toEqual([
      { id: entry!.id, connection: 'alice', doctype: 'Customer', name: 'A', document, state: 'there', modified: M2, renamedTo: null },
    ])
    expect(await app.waiting()).toEqual([])
  })

  test('is told to each who has kept its name, and to each whom the app names, once', async () => {
    app = new Receiving({ readers: () => ['p5', 'zoe', 'zoe'] })
    const keepers = Array.from({ length: 20 }, (_, n) => `p${n}`)
    for (const owner of [...keepers, '']) await app.store.docnames.keep(owner, '', [kept('A'), kept('B')])
    await changed(M1)
    await app.work()
    expect(app.told.map(({ connection }) => connection).toSorted()).toEqual([...keepers, 'zoe'].toSorted())
  })

  test('T9 is asked for by everybody who has kept its name, so that a rename is found, which no webhook tells of', async () => {
    const asked: unknown[] = []
    app.refreshes = (...question) => {
      asked.push(question)
      return [{ ...kept('A'), state: 'gone', renamedTo: 'B' }]
    }
    app.reads = () => Promise.reject(new FrappeError('DoesNotExistError', 'Customer A not found'))
    await app.store.docnames.keep('bob', '', [kept('A')])
    await changed(M2)
    await app.work()
    expect(asked).toEqual([['bob', 'Customer', ['A']]])
    expect(new Set(app.told.map(({ connection, state, renamedTo }) => `${connection} ${state} ${renamedTo}`))).toEqual(
      new Set(['bob gone B', 'alice gone null']),
    )
  })

  test('is told as hidden to who may not even ask for its name', async () => {
    app = new Receiving({ readers: () => [] })
    app.refreshes = () => Promise.reject(new FrappeError('PermissionError', 'No'))
    await app.store.docnames.keep('bob', '', [kept('A')])
    await changed(M2)
    await app.work()
    expect(app.told).toMatchObject([{ connection: 'bob', state: 'hidden', document: null }])
  })

  test('is told to nobody when nobody has kept its name and the app names nobody', async () => {
    app = new Receiving({ readers: () => [] })
    await app.store.docnames.keep('alice', '', [kept('B')])
    await changed(M1)
    expect(await app.work()).toBe(1)
    expect(app.told).toEqual([])
  })

  test('is told once for each `modified`, though several webhooks tell of it', async () => {
    await changed(M1)
    await app.frappe(JSON.stringify({ name: 'A', modified: M1, event: 'on_change' }))
    await app.standard(JSON.stringify({ doctype: 'Customer', name: 'A', modified: M1 }))
    while ((await app.waiting()).length > 0) {
      app.now += 1000
      await app.work()
    }
    expect(app.told.map(({ modified }) => modified)).toEqual([M1])
    current = M2
    await changed(M2)
    await app.work()
    expect(app.told.map(({ modified }) => modified)).toEqual([M1, M2])
  })

  test('that comes late is never told over a newer one', async () => {
    current = M3
    await changed(M3)
    await app.work()
    await changed(M1)
    await app.work()
    // A copy of the site that lags behind.
    current = M2
    await changed(M2)
    await app.work()
    expect(app.told.map(({ modified }) => modified)).toEqual([M3])
  })

  test('is told in its last state when the webhooks come in reversed order', async () => {
    current = M3
    for (const modified of [M3, M2, M1]) await changed(modified)
    while ((await app.waiting()).length > 0) {
      app.now += 1000
      await app.work()
    }
    expect(app.told.map(({ modified }) => modified)).toEqual([M3])
  })

  test.each([
    ['gone', new FrappeError('DoesNotExistError', 'Customer A not found')],
    ['hidden', new FrappeError('PermissionError', 'No')],
    ['hidden', new ScopeMissing(['Customer:read'])],
  ])('that a person does not find is told as %s, without its content: %s', async (state, error) => {
    app.reads = () => Promise.reject(error)
    for (const modified of [M1, M2]) {
      await app.frappe(JSON.stringify({ name: 'A', modified, customer_name: 'Secret & Sons' }))
      await app.work()
    }
    expect(app.told).toMatchObject([{ state, document: null, modified: M1, renamedTo: null }])
    expect(JSON.stringify([app.told, app.log])).not.toContain('Secret')
  })

  test('is told to who may read it, and as hidden to who may not', async () => {
    app = new Receiving({ readers: () => ['alice', 'bob'] })
    app.reads = (connection, doctype, name) => {
      if (connection === 'bob') throw new FrappeError('PermissionError', 'No')
      return documentOf(doctype, name, M1)
    }
    await changed(M1)
    await app.work()
    expect(new Set(app.told.map(({ connection, state, document }) => `${connection} ${state} ${document?.name}`))).toEqual(
      new Set(['alice there A', 'bob hidden undefined']),
    )
  })

  test('that was hidden or gone and is there again is told, also with the same `modified`', async () => {
    const site: (() => never | ReturnType<typeof documentOf>)[] = [
      () => documentOf('Customer', 'A', M1),
      () => {
        throw new FrappeError('PermissionError', 'No')
      },
      () => documentOf('Customer', 'A', M1),
      () => {
        throw new FrappeError('DoesNotExistError', 'No')
      },
      () => documentOf('Customer', 'A', M3),
    ]
    for (const [n, read] of site.entries()) {
      app.reads = read
      await app.frappe(JSON.stringify({ name: 'A', modified: M1, n }))
      await app.work()
    }
    expect(app.told.map(({ state, modified }) => [state, modified])).toEqual([
      ['there', M1],
      ['hidden', M1],
      ['there', M1],
      ['gone', M1],
      ['there', M3],
    ])
  })

  test('what a webhook claims of a document that is gone does not keep the next one from being told', async () => {
    app.reads = () => Promise.reject(new FrappeError('DoesNotExistError', 'No'))
    await changed('9999-12-31 23:59:59.999999')
    await app.work()
    app.reads = () => documentOf('Customer', 'A', M1)
    await changed(M1)
    await app.work()
    expect(app.told.map(({ state }) => state)).toEqual(['gone', 'there'])
  })

  test('is told to the others when one of them has to sign in again', async () => {
    app = new Receiving({ readers: () => ['alice', 'bob', 'carol'] })
    app.reads = (connection, doctype, name) => {
      if (connection === 'bob') throw new SignInRequired('over', 'https://app.example/connect/login', 'expired')
      return documentOf(doctype, name, M1)
    }
    await changed(M1)
    expect(await app.work()).toBe(1)
    expect(app.told.map(({ connection }) => connection)).toEqual(['alice', 'carol'])
    expect(await app.waiting()).toEqual([])
  })

  test('is told once when onDocument throws twice and then succeeds, and to the others at once', async () => {
    app = new Receiving({ readers: () => ['alice', 'bob'] })
    let throws = 2
    app.onDocument = ({ connection }) => {
      if (connection === 'alice' && throws-- > 0) throw new Error('the app is busy')
    }
    await changed(M1)
    const waits: number[] = []
    for (let n = 0; n < 10 && (await app.waiting()).length > 0; n++) {
      if ((await app.work()) > 0) waits.push(app.now)
      app.now += 500
    }
    expect(app.told.map(({ connection }) => connection)).toEqual(['bob', 'alice'])
    expect(waits.map((at) => at - waits[0]!)).toEqual([0, 1000, 3000])
  })

  test('asks the site once for who was told, however often it is tried again for somebody else', async () => {
    app = new Receiving({ readers: () => ['alice', 'bob'] })
    let throws = 3
    app.onDocument = ({ connection }) => {
      if (connection === 'alice' && throws-- > 0) throw new Error('the app is busy')
    }
    const asked: string[] = []
    app.reads = (connection, doctype, name) => {
      asked.push(connection)
      return documentOf(doctype, name, M2)
    }
    app.refreshes = (connection) => {
      asked.push(`${connection} refreshes`)
      return []
    }
    for (const keeper of ['carol', 'dave']) await app.store.docnames.keep(keeper, '', [kept('A')])
    await changed(M2)
    for (let n = 0; n < 10 && (await app.waiting()).length > 0; n++) {
      await app.work()
      app.now += 5000
    }
    expect(app.told.map(({ connection }) => connection).toSorted()).toEqual(['alice', 'bob', 'carol', 'dave'])
    expect(asked.toSorted()).toEqual([
      ...Array.from({ length: 4 }, () => 'alice'),
      'bob',
      'carol',
      'carol refreshes',
      'dave',
      'dave refreshes',
    ])
  })

  test('that nobody needed to be told of is asked for once as well', async () => {
    app = new Receiving({ readers: () => ['alice', 'bob'] })
    app.reads = (_connection, doctype, name) => documentOf(doctype, name, M1)
    await changed(M1)
    await app.work()
    const asked: string[] = []
    app.reads = (connection, doctype, name) => {
      asked.push(connection)
      if (connection === 'alice' && asked.length < 5) throw new UpstreamUnavailable('unreachable', 'away')
      return documentOf(doctype, name, M1)
    }
    await app.frappe(JSON.stringify({ name: 'A', modified: M1, event: 'on_change' }))
    for (let n = 0; n < 10 && (await app.waiting()).length > 0; n++) {
      await app.work()
      app.now += 5000
    }
    expect(asked.filter((person) => person === 'bob')).toHaveLength(1)
    expect(asked.filter((person) => person === 'alice').length).toBeGreaterThan(1)
  })

  test('that is deleted, and so keeps its `modified`, is told as gone, also when that fails at first', async () => {
    await changed(M1)
    await app.work()
    let isAway = true
    app.reads = () =>
      Promise.reject(isAway ? new UpstreamUnavailable('unreachable', 'away') : new FrappeError('DoesNotExistError', 'Customer A not found'))
    await app.frappe(JSON.stringify({ name: 'A', modified: M1, event: 'on_trash' }))
    await app.work()
    isAway = false
    app.now += 1000
    await app.work()
    expect(app.told.map(({ state }) => state)).toEqual(['there', 'gone'])
  })

  test('that is deleted is told as gone once, though the site sends the very bytes of its last change', async () => {
    await changed(M1)
    await app.work()
    app.reads = () => Promise.reject(new FrappeError('DoesNotExistError', 'Customer A not found'))
    for (let n = 0; n < 3; n++) {
      app.now += 1000
      await changed(M1)
      await app.work()
    }
    expect(app.told.map(({ state }) => state)).toEqual(['there', 'gone'])
    expect(await app.waiting()).toEqual([])
  })

  test('is given to an onDocument that does not end for 50 s, holds nothing else up, and is told once when it ends after all', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const { promise, resolve } = Promise.withResolvers<void>()
    let calls = 0
    app.onDocument = ({ name }) => (name === 'slow' ? ((calls += 1), promise) : undefined)
    await changed(M1, 'slow')
    await changed(M1, 'quick')
    const round = app.work()
    await vi.waitFor(() => expect(calls).toBe(1))
    await vi.advanceTimersByTimeAsync(50_000)
    expect(await round).toBe(2)
    expect(app.told.map(({ name }) => name)).toEqual(['quick'])
    app.now += 50_000
    await app.work()
    expect(calls).toBe(1)
    resolve()
    await vi.waitFor(() => expect(app.told).toHaveLength(2))
    app.now += 10_000
    await app.work()
    expect([calls, await app.waiting()]).toEqual([1, []])
  })

  test('is tried again when the site is away', async () => {
    app.reads = () => Promise.reject(new UpstreamUnavailable('unreachable', 'away'))
    await changed(M1)
    await app.work()
    expect(app.told).toEqual([])
    app.reads = () => documentOf('Customer', 'A', M1)
    app.now += 1000
    await app.work()
    expect(app.told).toHaveLength(1)
  })

  test('is told to one process of two that share a store', async () => {
    const other = new Receiving({}, app.store)
    other.reads = app.reads
    await Promise.all([changed(M1), app.frappe(JSON.stringify({ name: 'A', modified: M1, event: 'on_change' }))])
    for (let n = 0; n < 10 && (await app.waiting()).length > 0; n++) {
      await Promise.all([app.work(), other.work()])
      app.now += 1000
      other.now = app.now
    }
    expect([...app.told, ...other.told].map(({ modified }) => modified)).toEqual([M1])
  })

  test('what a person was told is forgotten with their docnames', async () => {
    await changed(M1)
    await app.work()
    await app.store.docnames.removeAll('alice')
    await app.frappe(JSON.stringify({ name: 'A', modified: M1, n: 1 }))
    await app.work()
    expect(app.told).toHaveLength(2)
  })
})

test('what fails for four days is given up, with an event, after longer and longer waits', async () => {
  app.onDocument = () => Promise.reject(new Error('never'))
  await changed(M1)
  const tries: number[] = []
  const start = app.now
  for (let n = 0; n < 1000 && (await app.waiting()).length > 0; n++) {
    if ((await app.work()) === 0) throw new Error('nothing was due')
    tries.push(app.now - start)
    const failed = app.log.at(-1)!
    expect(failed[0]).toMatch(/webhook-failed|webhook-given-up/)
    app.now = await nextDue(app)
  }
  expect(tries.slice(0, 4)).toEqual([0, 1000, 3000, 7000])
  expect(tries.at(-1)! / 86_400_000).toBeGreaterThanOrEqual(4)
  expect(tries.at(-1)! / 86_400_000).toBeLessThan(4.3)
  expect(tries.length).toBeLessThan(250)
  const [given] = await app.store.inbox.list('given-up', 10)
  expect(app.events).toEqual([['webhook-given-up', { id: given!.id, error: 'never' }]])
  expect(given!.error).toBe('never')
  expect(app.told).toEqual([])
})

/** The first moment, to the second, at which something can be taken. */
async function nextDue(receiving: Receiving): Promise<number> {
  const { waitAfter } = await import('./inbox/inbox-worker.ts')
  const [entry] = await receiving.store.inbox.list('waiting', 1)
  return entry === undefined ? receiving.now : receiving.now + waitAfter(entry.attempts, receiving.now - entry.receivedAt)
}
