import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines, temporaryDatabase, type TemporaryDatabase } from '../../../../tests/support/databases.ts'
import { memoryStore } from './memory.ts'
import { openSqlStore, requireNode } from './sql.ts'
import { tokenStoreContract } from './token-store.contract.ts'

tokenStoreContract('memory', async () => memoryStore())

describe.each(engines)('in a database of %s', (engine) => {
  let database: TemporaryDatabase
  beforeAll(async () => {
    database = await temporaryDatabase(engine)
  })
  afterAll(() => database.remove())

  tokenStoreContract(engine, () => openSqlStore(database.url))

  test('what was written is there after a restart', async () => {
    const first = await openSqlStore(database.url)
    await first.sessions.insert({ hash: 'h', connection: 'c', expiresAt: 2000 })
    await first.close()
    const second = await openSqlStore(database.url)
    expect(await second.sessions.read('h', 1000)).toEqual({ hash: 'h', connection: 'c', expiresAt: 2000 })
    await second.close()
  })

  test('two processes that open it at once both find its tables', async () => {
    const fresh = await temporaryDatabase(engine)
    const stores = await Promise.all([openSqlStore(fresh.url), openSqlStore(fresh.url)])
    for (const store of stores) expect(await store.connections.read('none')).toBeUndefined()
    for (const store of stores) await store.close()
    await fresh.remove()
  })
})

test('a database that cannot be opened is said in one sentence', async () => {
  await expect(openSqlStore('sqlite:/no/such/folder/x.db')).rejects.toThrow(/^[^\n]+$/)
})

test.each(['18.20.0', '20.20.2', '22.18.1'])('the SQL store says that Node %s is too old', (version) => {
  expect(() => requireNode(version)).toThrow(/needs Node 22\.19/)
})

test.each(['22.19.0', '24.21.0', '26.0.0'])('the SQL store runs on Node %s', (version) => {
  expect(() => requireNode(version)).not.toThrow()
})
