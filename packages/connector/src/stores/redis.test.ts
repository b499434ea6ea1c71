import { afterEach, describe, expect, test } from 'vitest'
import { noRedis, openRedisClient, TemporaryRedis, type RedisClient } from '../../../../tests/support/redis.ts'
import { connectionOf, docnameOf, entryOf } from './contract/samples.fixture.ts'
import { redisStore } from './redis.ts'

describe.skipIf(noRedis !== undefined)(`Redis as the home of tokens${noRedis === undefined ? '' : `: ${noRedis}`}`, () => {
  let redis: TemporaryRedis
  let client: RedisClient
  afterEach(async () => {
    client.close()
    await redis.remove()
  })

  async function start(...settings: string[]): Promise<void> {
    redis = await TemporaryRedis.start(...settings)
    client = openRedisClient(redis.url)
  }

  test.each([
    [['--maxmemory-policy', 'allkeys-lru'], /throws keys away when its memory is full \(maxmemory-policy allkeys-lru\)/],
    [['--maxmemory-policy', 'volatile-ttl'], /throws keys away/],
    [['--appendonly', 'no', '--save', '3600 1'], /writes no append-only file/],
  ])('D11 a Redis that may lose what it was given is refused, unless people may have to sign in again: %j', async (settings, sentence) => {
    await start(...settings)
    await expect(redisStore(client.call)).rejects.toThrow(sentence)
    await expect(redisStore(client.call)).rejects.toThrow(/^[^\n]+ mayForget: true [^\n]+$/)
    const store = await redisStore(client.call, { mayForget: true })
    expect(store.durable).toBe(false)
  })

  test('D11 what was acknowledged is there after Redis was killed', async () => {
    await start('--appendfsync', 'always')
    const store = await redisStore(client.call)
    expect(store.durable).toBe(true)
    const tenant = store.of('acme')
    const [connection, entry, docname] = [connectionOf(), entryOf(), docnameOf()]
    await tenant.connections.insert(connection)
    await tenant.connections.compareAndSwap({ ...connection, version: 2, name: 'Samantha' })
    await tenant.docnames.keep('sam', 'search', [docname])
    expect(await tenant.inbox.add(entry)).toBe('added')
    await redis.stop('SIGKILL')
    await redis.run()
    expect(await tenant.connections.read(connection.id)).toMatchObject({ version: 2, name: 'Samantha' })
    expect(await tenant.docnames.list('sam', 'Item', 'search', 9)).toEqual([docname])
    expect(await tenant.inbox.add(entry)).toBe('repeat')
    expect((await tenant.inbox.take(['document'], 9, 1000)).map(({ id }) => id)).toEqual([entry.id])
  })

  test('two apps on one Redis are apart by their prefix, and nothing stands outside it', async () => {
    await start()
    const [one, two] = [await redisStore(client.call, { prefix: 'one' }), await redisStore(client.call, { prefix: 'two' })]
    const connection = connectionOf()
    await one.of('').connections.insert(connection)
    await one.of('').leases.acquire('renew', 'a', 60_000)
    await one.of('').inbox.add(entryOf())
    await one.of('').docnames.keep('sam', '', [docnameOf()])
    expect(await two.of('').connections.read(connection.id)).toBeUndefined()
    expect(await two.of('').leases.acquire('renew', 'b', 60_000)).toBe(true)
    const found = (await client.call('KEYS', '*')) as string[]
    expect(found.length).toBeGreaterThan(5)
    for (const key of found) expect(key).toMatch(/^(one|two):\{t-\}:/)
  })

  test('an owner, a session and an entry that are gone leave nothing behind', async () => {
    await start()
    const store = (await redisStore(client.call)).of('')
    const connection = connectionOf({ untold: 'revoked' })
    await store.connections.insert(connection)
    await store.sessions.insert({ hash: 'h', connection: connection.id, expiresAt: 5, sid: null })
    await store.docnames.keep(connection.id, 'search', [docnameOf(), docnameOf({ name: 'ITEM-2' })])
    const entry = entryOf()
    await store.inbox.add(entry)
    await store.inbox.done(entry.id)
    await store.connections.remove(connection.id, 1)
    await store.sessions.removeAll(connection.id)
    await store.docnames.removeAll(connection.id)
    expect(await store.inbox.sweep(1e15, 1e15)).toBe(1)
    expect(await client.call('KEYS', '*')).toEqual([])
  })
})
