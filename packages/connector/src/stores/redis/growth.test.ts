import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { noRedis, openRedisClient, TemporaryRedis, type RedisClient } from '../../../../../tests/support/redis.ts'
import { randomToken } from '../../core/sealing/base64.ts'
import { INBOX_KINDS as KINDS, type StoredConnection, type TenantStore } from '../connector-store.ts'
import { connectionOf, docnameOf, entryOf } from '../contract/samples.fixture.ts'
import { redisStore } from '../redis.ts'

const FUTURE = 9_000_000_000_000

describe.skipIf(noRedis !== undefined)(`a Redis in which much has gathered${noRedis === undefined ? '' : `: ${noRedis}`}`, () => {
  let redis: TemporaryRedis
  let client: RedisClient
  let name: string
  let store: TenantStore
  let stem: string
  beforeAll(async () => {
    redis = await TemporaryRedis.start()
    client = openRedisClient(redis.url)
  })
  afterAll(async () => {
    client.close()
    await redis.remove()
  })
  beforeEach(async () => {
    name = randomToken()
    stem = `annex:{t-${name}}:inbox:`
    store = (await redisStore(client.call)).of(name)
  })

  /** As an earlier version kept what it had received. */
  async function received(id: string, dueAt: number, receivedAt = 1000, kind = 'document'): Promise<void> {
    const times = ['receivedAt', String(receivedAt), 'dueAt', String(dueAt)]
    await client.call('HSET', `${stem}entry:${id}`, 'kind', kind, 'payload', '{}', ...times, 'attempts', '0', 'taken', '0', 'again', '0')
    await client.call('ZADD', `${stem}waiting`, String(receivedAt), id)
  }

  const commands = async (): Promise<number> => {
    const stats = (await client.call('INFO', 'commandstats')) as string
    return [...stats.matchAll(/calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0)
  }

  test('what an earlier version received is taken, the longest due first, beside what comes now', async () => {
    await received('late', 20, 2)
    await received('early', 10, 1)
    await received('bye', 5, 3, 'logout')
    await received('another day', FUTURE)
    await store.inbox.add(entryOf({ id: 'new', receivedAt: 4 }))
    expect((await store.inbox.take(['document'], 1, 60_000)).map(({ id }) => id)).toEqual(['early'])
    expect((await store.inbox.take(KINDS, 9, 60_000)).map(({ id }) => id)).toEqual(['late', 'bye', 'new'])
    expect(await store.inbox.take(KINDS, 9, 60_000)).toEqual([])
    expect(await store.inbox.list('waiting', 9)).toHaveLength(5)
  })

  test('however much an earlier version received, all of it is taken', async () => {
    const ids = Array.from({ length: 4500 }, (_, index) => `old ${index}`)
    await Promise.all(ids.map((id, index) => received(id, index + 1, index)))
    const taken = new Set<string>()
    for (let calls = 0; calls < 60 && taken.size < ids.length; calls++) {
      const page = await store.inbox.take(KINDS, 100, 3_600_000)
      for (const { id } of page) taken.add(id)
      await Promise.all(page.map(({ id }) => store.inbox.done(id)))
    }
    expect(taken.size).toBe(ids.length)
  })

  test('a process of an earlier version may work on beside, and nothing is taken twice or lost', async () => {
    for (const id of ['done', 'later', 'mine']) await store.inbox.add(entryOf({ id }))
    // What that version does when it is done with one, and when it puts one off.
    await client.call('ZREM', `${stem}waiting`, 'done')
    await client.call('ZADD', `${stem}done`, '1000', 'done')
    await client.call('HSET', `${stem}entry:later`, 'dueAt', String(FUTURE))
    await received('received', 1)
    const taken: string[] = []
    for (let calls = 0; calls < 3; calls++) taken.push(...(await store.inbox.take(KINDS, 9, 60_000)).map(({ id }) => id))
    expect(taken.toSorted()).toEqual(['mine', 'received'])
  })

  test('an entry that a forgetful Redis has thrown away holds up no other', async () => {
    for (const id of ['gone', 'there']) await received(id, 1)
    await client.call('DEL', `${stem}entry:gone`)
    expect((await store.inbox.take(KINDS, 9, 60_000)).map(({ id }) => id)).toEqual(['there'])
    expect((await store.inbox.list('waiting', 9)).map(({ id }) => id)).toEqual(['there'])
  })

  test('to take a letter costs no more when thousands wait for their time', async () => {
    const cost = async (): Promise<number> => {
      await store.inbox.add(entryOf())
      const before = await commands()
      expect(await store.inbox.take(KINDS, 8, 60_000)).toHaveLength(1)
      return (await commands()) - before
    }
    const few = await cost()
    const many = Array.from({ length: 3000 }, () => entryOf({ receivedAt: 1 }))
    await Promise.all(many.map((entry) => store.inbox.add(entry)))
    await Promise.all(many.map(({ id }) => store.inbox.retry(id, 3_600_000, 'no')))
    expect(await cost()).toBe(few)
  })

  test('to list the idle costs no more when thousands are', async () => {
    const cost = async (): Promise<number> => {
      const before = await commands()
      expect(await store.connections.idle({ limit: 2, renewedBefore: 100 })).toHaveLength(2)
      return (await commands()) - before
    }
    for (const renewedAt of [1, 2, 3]) await store.connections.insert(connectionOf({ renewedAt }))
    const few = await cost()
    await Promise.all(Array.from({ length: 2000 }, (_, index) => store.connections.insert(connectionOf({ renewedAt: 10 + (index % 50) }))))
    expect(await cost()).toBe(few)
  })

  test('to list the next of thousands that were renewed at one moment costs no more than of a few', async () => {
    const next = async (): Promise<number> => {
      const [first] = await store.connections.idle({ limit: 1, renewedBefore: 100 })
      const before = await commands()
      expect(await store.connections.idle({ after: first, limit: 2, renewedBefore: 100 })).toHaveLength(2)
      return (await commands()) - before
    }
    const insert = (count: number) =>
      Promise.all(Array.from({ length: count }, () => store.connections.insert(connectionOf({ renewedAt: 10 }))))
    await insert(3)
    const few = await next()
    await insert(2000)
    // A look for each time that their number doubles.
    expect(await next()).toBeLessThan(few + 12)
    const ids: string[] = []
    for (let after; ;) {
      const page = await store.connections.idle({ after, limit: 100, renewedBefore: 100 })
      ids.push(...page.map(({ id }) => id))
      if (page.length < 100) break
      after = page.at(-1)
    }
    expect(ids).toHaveLength(2003)
    expect(ids).toEqual([...new Set(ids)].toSorted())
  })

  test('a connection that a forgetful Redis has thrown away is passed over, and leaves nothing behind', async () => {
    const rows = ['a', 'b', 'c', 'd', 'e'].map((id) => connectionOf({ id, renewedAt: 10, sealed: 'k1.sealed', untold: 'degraded' }))
    for (const row of rows) await store.connections.insert(row)
    const prefix = `annex:{t-${name}}:`
    for (const id of ['b', 'c']) await client.call('DEL', `${prefix}connection:${id}`)
    expect((await store.connections.idle({ limit: 2, renewedBefore: 100 })).map(({ id }) => id)).toEqual(['a', 'd'])
    expect((await store.connections.list({ limit: 2 })).map(({ id }) => id)).toEqual(['a', 'd'])
    expect((await store.connections.list({ limit: 9, only: 'untold' })).map(({ id }) => id)).toEqual(['a', 'd', 'e'])
    for (const set of ['renewed', 'ids', 'untold']) expect(await client.call('ZCARD', `${prefix}${set}`)).toBe(3)
  })

  test('all whose access ended under an earlier version are listed as those for whom something may be kept', async () => {
    const before = async (values: Partial<StoredConnection>): Promise<string> => {
      const { unforgotten: _, ...row } = connectionOf(values)
      await store.connections.insert({ ...row } as never)
      return row.id
    }
    const ended = await Promise.all(Array.from({ length: 1200 }, () => before({ state: 'revoked', untold: 'revoked', sealed: null })))
    await before({ untold: 'degraded', sealed: 'k1.sealed' })
    const forgotten = connectionOf({ untold: 'revoked', sealed: null, unforgotten: false })
    await store.connections.insert(forgotten)
    const listed = await store.connections.list({ limit: 2000, only: 'unforgotten' })
    expect(listed.map(({ id }) => id)).toEqual(ended.toSorted())
    expect(listed.every((row) => row.unforgotten)).toBe(true)
    await store.connections.compareAndSwap({ ...listed[0]!, version: 2, unforgotten: false })
    expect(await store.connections.list({ limit: 2000, only: 'unforgotten' })).toHaveLength(1199)
  })

  test('thousands of docnames of one owner are forgotten, and nothing is left of them', async () => {
    const many = Array.from({ length: 3000 }, (_, index) => docnameOf({ name: `ITEM-${index}` }))
    await store.docnames.keep('sam', '', many)
    await store.docnames.removeAll('sam')
    expect(await client.call('KEYS', `annex:{t-${name}}:*`)).toEqual([])
  })

  test('a connection that an earlier version wrote says for whom something may still be kept', async () => {
    const { unforgotten: _, ...ended } = connectionOf({ untold: 'revoked', sealed: null })
    await store.connections.insert({ ...ended } as never)
    expect((await store.connections.read(ended.id))?.unforgotten).toBe(true)
  })
})
