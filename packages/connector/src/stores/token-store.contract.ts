import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { randomToken } from '../tokens/base64.ts'
import type { ConnectorStore, StoredConnection } from './connector-store.ts'

/** What every home of a vault must do. `open` gives an empty or a shared store: the suite uses names of its own. */
export function tokenStoreContract(home: string, open: () => Promise<ConnectorStore & { close?(): Promise<void> }>): void {
  describe(`a connector's store in ${home}`, () => {
    let store: ConnectorStore & { close?(): Promise<void> }
    beforeAll(async () => {
      store = await open()
    })
    afterAll(() => store.close?.())

    connectionContract(() => store)
    leaseContract(() => store)
    sessionContract(() => store)
    linkContract(() => store)
  })
}

const connectionOf = (values: Partial<StoredConnection> = {}): StoredConnection => ({
  id: randomToken(),
  version: 1,
  issuer: 'https://erp.example.com',
  subject: randomToken(),
  name: 'Sam',
  email: null,
  scopes: ['openid', 'Item:read'],
  sealed: 'k1.sealed',
  issuedAt: 1_700_000_000_000,
  expiresAt: 1_700_003_600_000,
  ...values,
})

function connectionContract(store: () => ConnectorStore): void {
  test('gives a connection back as it was inserted, by id and by person', async () => {
    const connection = connectionOf()
    expect(await store().connections.insert(connection)).toBe(true)
    expect(await store().connections.read(connection.id)).toEqual(connection)
    expect(await store().connections.find(connection.issuer, connection.subject)).toEqual(connection)
    expect(await store().connections.read('no such id')).toBeUndefined()
  })

  test('refuses a second connection of one person and one with a known id, and changes nothing', async () => {
    const connection = connectionOf()
    await store().connections.insert(connection)
    expect(await store().connections.insert(connectionOf({ subject: connection.subject, name: 'Other' }))).toBe(false)
    expect(await store().connections.insert(connectionOf({ id: connection.id }))).toBe(false)
    expect(await store().connections.find(connection.issuer, connection.subject)).toEqual(connection)
  })

  test('of many writers of one version exactly one wins', async () => {
    const connection = connectionOf()
    await store().connections.insert(connection)
    const writers = Array.from({ length: 16 }, (_, writer) => ({ ...connection, version: 2, name: `writer ${writer}` }))
    const won = await Promise.all(writers.map((next) => store().connections.compareAndSwap(next)))
    expect(won.filter(Boolean)).toHaveLength(1)
    expect((await store().connections.read(connection.id))?.name).toBe(writers[won.indexOf(true)]!.name)
  })

  test('writes neither over a newer version nor what is not there', async () => {
    const connection = connectionOf({ version: 5 })
    await store().connections.insert(connection)
    expect(await store().connections.compareAndSwap({ ...connection, version: 5, name: 'late' })).toBe(false)
    expect(await store().connections.compareAndSwap(connectionOf({ version: 2 }))).toBe(false)
    expect(await store().connections.compareAndSwap({ ...connection, version: 6, sealed: null, scopes: [] })).toBe(true)
    expect(await store().connections.read(connection.id)).toMatchObject({ version: 6, sealed: null, scopes: [] })
  })

  test('follows a site to its new address, and leaves a person who is there already', async () => {
    const [from, to] = [`https://${randomToken()}.example.com`, `https://${randomToken()}.example.com`]
    const moving = connectionOf({ issuer: from })
    const twice = connectionOf({ issuer: from })
    const there = connectionOf({ issuer: to, subject: twice.subject })
    for (const connection of [moving, twice, there]) await store().connections.insert(connection)
    expect(await store().connections.move(from, to)).toBe(1)
    expect(await store().connections.read(moving.id)).toEqual({ ...moving, issuer: to, version: 2 })
    expect(await store().connections.find(to, twice.subject)).toEqual(there)
  })

  test('removes a connection', async () => {
    const connection = connectionOf()
    await store().connections.insert(connection)
    await store().connections.remove(connection.id)
    expect(await store().connections.read(connection.id)).toBeUndefined()
  })
}

function leaseContract(store: () => ConnectorStore): void {
  test('of many who want a lease exactly one gets it', async () => {
    const name = randomToken()
    const got = await Promise.all(Array.from({ length: 16 }, (_, holder) => store().leases.acquire(name, `holder ${holder}`, 1000, 500)))
    expect(got.filter(Boolean)).toHaveLength(1)
  })

  test('gives a lease on when it is given back or over, and lets nobody else give it back', async () => {
    const name = randomToken()
    expect(await store().leases.acquire(name, 'a', 1000, 500)).toBe(true)
    await store().leases.release(name, 'b')
    expect(await store().leases.acquire(name, 'b', 1499, 500)).toBe(false)
    expect(await store().leases.acquire(name, 'b', 1500, 500)).toBe(true)
    await store().leases.release(name, 'a')
    expect(await store().leases.acquire(name, 'c', 1600, 500)).toBe(false)
    await store().leases.release(name, 'b')
    expect(await store().leases.acquire(name, 'c', 1600, 500)).toBe(true)
  })
}

function sessionContract(store: () => ConnectorStore): void {
  test('knows a session until it is over or removed', async () => {
    const session = { hash: randomToken(), connection: randomToken(), expiresAt: 2000 }
    await store().sessions.insert(session)
    expect(await store().sessions.read(session.hash, 1999)).toEqual(session)
    expect(await store().sessions.read(session.hash, 2000)).toBeUndefined()
    await store().sessions.remove(session.hash)
    expect(await store().sessions.read(session.hash, 1000)).toBeUndefined()
  })

  test('removes every session of a connection and no other', async () => {
    const connection = randomToken()
    const [own, other] = [
      { hash: randomToken(), connection, expiresAt: 2000 },
      { hash: randomToken(), connection: randomToken(), expiresAt: 2000 },
    ]
    await store().sessions.insert(own)
    await store().sessions.insert(other)
    await store().sessions.removeAll(connection)
    expect(await store().sessions.read(own.hash, 1000)).toBeUndefined()
    expect(await store().sessions.read(other.hash, 1000)).toEqual(other)
  })
}

function linkContract(store: () => ConnectorStore): void {
  const bolt = { value: 'ITEM-1', label: 'Bolt', description: 'Products', seenAt: 1000 }
  const nut = { value: 'ITEM-2', label: 'Nut', description: 'Products', seenAt: 2000 }

  test('keeps names seen by person, DocType and filters, the last seen first', async () => {
    const [sam, lea] = [randomToken(), randomToken()]
    await store().links.remember(sam, 'Item', '', [bolt, nut])
    await store().links.remember(sam, 'Item', '[["disabled",0]]', [bolt])
    expect(await store().links.list(sam, 'Item', '', 10)).toEqual([nut, bolt])
    expect(await store().links.list(sam, 'Item', '', 1)).toEqual([nut])
    expect(await store().links.list(sam, 'Item', '[["disabled",0]]', 10)).toEqual([bolt])
    expect(await store().links.list(sam, 'Customer', '', 10)).toEqual([])
    expect(await store().links.list(lea, 'Item', '', 10)).toEqual([])
    expect(await store().links.resolve(lea, 'Item', ['ITEM-1'])).toEqual([])
  })

  test('a name seen again takes the place of the older sight', async () => {
    const sam = randomToken()
    await store().links.remember(sam, 'Item', '', [bolt])
    await store().links.remember(sam, 'Item', 'filters', [{ ...bolt, label: 'Bolt M8', seenAt: 3000 }])
    await store().links.remember(sam, 'Item', '', [{ ...bolt, label: 'Bolt M6', seenAt: 2500 }])
    expect(await store().links.list(sam, 'Item', '', 10)).toEqual([{ ...bolt, label: 'Bolt M6', seenAt: 2500 }])
    expect(await store().links.resolve(sam, 'Item', ['ITEM-1', 'ITEM-9'])).toEqual([{ ...bolt, label: 'Bolt M8', seenAt: 3000 }])
  })

  test('forgets all that a person saw', async () => {
    const sam = randomToken()
    await store().links.remember(sam, 'Item', '', [bolt])
    await store().links.remember(sam, 'Item', '', [])
    await store().links.removeAll(sam)
    expect(await store().links.list(sam, 'Item', '', 10)).toEqual([])
  })
}
