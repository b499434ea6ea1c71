import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines, temporaryDatabase, type TemporaryDatabase } from '../../../../tests/support/databases.ts'
import { noRedis, openRedisClient, TemporaryRedis } from '../../../../tests/support/redis.ts'
import { connectorStoreContract } from './contract/connector-store.contract.ts'
import { memoryStore } from './memory.ts'
import { redisStore } from './redis.ts'
import { openSqlStore, requireNode } from './sql.ts'

connectorStoreContract('memory', async () => memoryStore())

describe.each(engines)('in a database of %s', (engine) => {
  let database: TemporaryDatabase
  beforeAll(async () => {
    database = await temporaryDatabase(engine)
  })
  afterAll(() => database.remove())

  connectorStoreContract(engine, () => openSqlStore(database.url))

  test('what was written is there after a restart', async () => {
    const session = { hash: 'h', connection: 'c', expiresAt: 2000, sid: null }
    const first = await openSqlStore(database.url)
    expect(first.durable).toBe(true)
    await first.of('').sessions.insert(session)
    await first.close()
    const second = await openSqlStore(database.url)
    expect(await second.of('').sessions.read('h', 1000)).toEqual(session)
    await second.close()
  })

  test('two processes that open it at once both find its tables', async () => {
    const fresh = await temporaryDatabase(engine)
    const stores = await Promise.all([openSqlStore(fresh.url), openSqlStore(fresh.url)])
    for (const store of stores) expect(await store.of('').connections.read('none')).toBeUndefined()
    for (const store of stores) await store.close()
    await fresh.remove()
  })
})

describe.skipIf(noRedis !== undefined)(`in Redis${noRedis === undefined ? '' : `: ${noRedis}`}`, () => {
  let redis: TemporaryRedis
  beforeAll(async () => {
    redis = await TemporaryRedis.start()
  })
  afterAll(() => redis.remove())

  connectorStoreContract('redis', async () => {
    const client = openRedisClient(redis.url)
    return { ...(await redisStore(client.call)), close: async () => client.close() }
  })
})

test('a database that cannot be opened is said in one sentence, which names the option', async () => {
  await expect(openSqlStore('sqlite:/no/such/folder/x.db')).rejects.toThrow(/^[^\n]+\(store\)[^\n]+$/)
  await expect(openSqlStore('mysql://root@127.0.0.1/x')).rejects.toThrow(/\(store\): it must begin with sqlite:/)
  await expect(openSqlStore('sqlite::memory:')).rejects.toThrow(/\(store\): the path must be absolute/)
})

test('a relative path begins at the working directory, or at the folder that is named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'annex-store-'))
  await (await openSqlStore('sqlite:named.db', folder)).close()
  await (await openSqlStore(`sqlite:${relative(process.cwd(), join(folder, 'here.db'))}`)).close()
  expect(await readdir(folder)).toEqual(expect.arrayContaining(['named.db', 'here.db']))
  await rm(folder, { recursive: true })
})

test.each(['18.20.0', '20.20.2', '22.18.1'])('the SQL store says that Node %s is too old', (version) => {
  expect(() => requireNode(version)).toThrow(/needs Node 22\.19/)
})

test.each(['22.19.0', '24.21.0', '26.0.0'])('the SQL store runs on Node %s', (version) => {
  expect(() => requireNode(version)).not.toThrow()
})
