import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryStore } from './memory.ts'
import { openSqlStore, requireNode } from './sql.ts'
import { tokenStoreContract } from './token-store.contract.ts'

tokenStoreContract('memory', async () => memoryStore())

describe('on a disk', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'connector-store-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  tokenStoreContract('SQLite', () => openSqlStore(`sqlite:${join(folder, 'contract.db')}`))

  test('what was written is there after a restart', async () => {
    const url = `sqlite:${join(folder, 'restart.db')}`
    const first = await openSqlStore(url)
    await first.sessions.insert({ hash: 'h', connection: 'c', expiresAt: 2000 })
    await first.close()
    const second = await openSqlStore(url)
    expect(await second.sessions.read('h', 1000)).toEqual({ hash: 'h', connection: 'c', expiresAt: 2000 })
    await second.close()
  })

  test('a database that cannot be opened is said in one sentence', async () => {
    await expect(openSqlStore(`sqlite:${join(folder, 'no', 'such', 'folder', 'x.db')}`)).rejects.toThrow(/^[^\n]+$/)
  })
})

test.each(['18.20.0', '20.20.2', '22.18.1'])('the SQL store says that Node %s is too old', (version) => {
  expect(() => requireNode(version)).toThrow(/needs Node 22\.19/)
})

test.each(['22.19.0', '24.21.0', '26.0.0'])('the SQL store runs on Node %s', (version) => {
  expect(() => requireNode(version)).not.toThrow()
})
