import { expect, test } from 'vitest'
import { randomToken } from '../../core/sealing/base64.ts'
import type { ConnectionPage, ConnectionStore, StoredConnection } from '../connector-store.ts'
import { connectionOf, ODD_NAMES } from './samples.fixture.ts'

export function connectionContract(connections: () => ConnectionStore): void {
  readingAndWriting(connections)
  paging(connections)
}

function readingAndWriting(connections: () => ConnectionStore): void {
  test('gives a connection back as it was inserted, by id and by person', async () => {
    const connection = connectionOf({ untold: 'revoked', unforgotten: true, reason: 'too late', failures: 3, retryAt: 1_700_000_000_001 })
    expect(await connections().insert(connection)).toBe(true)
    expect(await connections().read(connection.id)).toEqual(connection)
    expect(await connections().find(connection.issuer, connection.subject)).toEqual(connection)
    expect(await connections().read('no such id')).toBeUndefined()
  })

  test.each(ODD_NAMES)('finds a person whom the site calls %j', async (subject) => {
    const connection = connectionOf({ issuer: `https://${randomToken()}.example.com`, subject })
    await connections().insert(connection)
    expect(await connections().find(connection.issuer, subject)).toEqual(connection)
  })

  test('refuses a second connection of one person and one with a known id, and changes nothing', async () => {
    const connection = connectionOf()
    await connections().insert(connection)
    expect(await connections().insert(connectionOf({ subject: connection.subject, name: 'Other' }))).toBe(false)
    expect(await connections().insert(connectionOf({ id: connection.id }))).toBe(false)
    expect(await connections().find(connection.issuer, connection.subject)).toEqual(connection)
  })

  test('of many who insert one person exactly one does', async () => {
    const subject = randomToken()
    const inserted = await Promise.all(Array.from({ length: 16 }, () => connections().insert(connectionOf({ subject }))))
    expect(inserted.filter(Boolean)).toHaveLength(1)
  })

  test('of many writers of one version exactly one wins', async () => {
    const connection = connectionOf()
    await connections().insert(connection)
    const writers = Array.from({ length: 16 }, (_, writer) => ({ ...connection, version: 2, name: `writer ${writer}` }))
    const won = await Promise.all(writers.map((next) => connections().compareAndSwap(next)))
    expect(won.filter(Boolean)).toHaveLength(1)
    expect((await connections().read(connection.id))?.name).toBe(writers[won.indexOf(true)]!.name)
  })

  test('writes neither over a newer version nor what is not there', async () => {
    const connection = connectionOf({ version: 5 })
    await connections().insert(connection)
    expect(await connections().compareAndSwap({ ...connection, version: 5, name: 'late' })).toBe(false)
    expect(await connections().compareAndSwap(connectionOf({ version: 2 }))).toBe(false)
    expect(await connections().compareAndSwap({ ...connection, version: 6, sealed: null, scopes: [] })).toBe(true)
    expect(await connections().read(connection.id)).toMatchObject({ version: 6, sealed: null, scopes: [] })
  })

  test('removes a connection that nobody has written since, and lets its person come anew', async () => {
    const connection = connectionOf()
    await connections().insert(connection)
    expect(await connections().remove(connection.id, 2)).toBe(false)
    expect(await connections().read(connection.id)).toEqual(connection)
    expect(await connections().remove(connection.id, 1)).toBe(true)
    expect(await connections().read(connection.id)).toBeUndefined()
    expect(await connections().remove(connection.id, 1)).toBe(false)
    expect(await connections().insert(connectionOf({ subject: connection.subject }))).toBe(true)
  })

  test('follows a site to its new address, and leaves a person who is there already', async () => {
    const [from, to] = [`https://${randomToken()}.example.com`, `https://${randomToken()}.example.com`]
    const moving = connectionOf({ issuer: from })
    const twice = connectionOf({ issuer: from })
    const there = connectionOf({ issuer: to, subject: twice.subject })
    for (const connection of [moving, twice, there]) await connections().insert(connection)
    expect(await connections().move(from, to)).toBe(1)
    expect(await connections().read(moving.id)).toEqual({ ...moving, issuer: to, version: 2 })
    expect(await connections().find(to, moving.subject)).toEqual({ ...moving, issuer: to, version: 2 })
    expect(await connections().find(from, moving.subject)).toBeUndefined()
    expect(await connections().find(to, twice.subject)).toEqual(there)
    expect(await connections().find(from, twice.subject)).toEqual(twice)
  })
}

function paging(connections: () => ConnectionStore): void {
  const listAll = async (page: Omit<ConnectionPage, 'after' | 'limit'>): Promise<StoredConnection[]> => {
    const met: StoredConnection[] = []
    for (let after = ''; ; after = met.at(-1)!.id) {
      const rows = await connections().list({ after, limit: 3, ...page })
      met.push(...rows)
      if (rows.length < 3) return met
    }
  }

  test('lists every connection once, a page at a time, also while others are written', async () => {
    const own = Array.from({ length: 7 }, () => connectionOf())
    for (const connection of own) await connections().insert(connection)
    const met: StoredConnection[] = []
    for (let after = ''; ; after = met.at(-1)!.id) {
      const page = await connections().list({ after, limit: 3 })
      met.push(...page)
      const [first] = page
      if (first !== undefined) await connections().compareAndSwap({ ...first, version: first.version + 1 })
      if (page.length < 3) break
    }
    const ids = met.map((connection) => connection.id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toEqual(ids.toSorted())
    for (const connection of own) expect(met).toContainEqual(connection)
  })

  test('lists those that the app has not been told of, until it has', async () => {
    const own = Array.from({ length: 5 }, (_, index) => connectionOf({ untold: index % 2 === 0 ? 'revoked' : null }))
    for (const connection of own) await connections().insert(connection)
    const listed = await listAll({ only: 'untold' })
    expect(own.filter(({ id }) => listed.some((row) => row.id === id))).toEqual([own[0], own[2], own[4]])
    expect(listed.every((row) => row.untold !== null)).toBe(true)
    await connections().compareAndSwap({ ...own[0]!, version: 2, untold: null })
    await connections().compareAndSwap({ ...own[1]!, version: 2, untold: 'degraded' })
    const after = (await listAll({ only: 'untold' })).map((row) => row.id)
    expect(own.map(({ id }) => after.includes(id))).toEqual([false, true, true, false, true])
  })

  test('lists those for whom something may still be kept, until it is not', async () => {
    const own = Array.from({ length: 5 }, (_, index) => connectionOf({ untold: 'revoked', sealed: null, unforgotten: index % 2 === 0 }))
    for (const connection of own) await connections().insert(connection)
    const listed = await listAll({ only: 'unforgotten' })
    expect(own.filter(({ id }) => listed.some((row) => row.id === id))).toEqual([own[0], own[2], own[4]])
    await connections().compareAndSwap({ ...own[0]!, version: 2, unforgotten: false })
    await connections().compareAndSwap({ ...own[1]!, version: 2, unforgotten: true })
    await connections().remove(own[2]!.id, 1)
    const after = (await listAll({ only: 'unforgotten' })).map((row) => row.id)
    expect(own.map(({ id }) => after.includes(id))).toEqual([false, true, false, false, true])
  })

  const idleIds = async (renewedBefore: number, limit = 3): Promise<string[]> => {
    const met: StoredConnection[] = []
    for (;;) {
      const rows = await connections().idle({ after: met.at(-1), limit, renewedBefore })
      met.push(...rows)
      if (rows.length < limit) return met.map((row) => row.id)
    }
  }

  test('lists those with tokens that were not renewed since a moment', async () => {
    const at = 5000
    const old = connectionOf({ renewedAt: at - 1 })
    const recent = connectionOf({ renewedAt: at })
    const ended = connectionOf({ renewedAt: 1, sealed: null })
    for (const connection of [old, recent, ended]) await connections().insert(connection)
    const ids = await idleIds(at)
    expect([old, recent, ended].map(({ id }) => ids.includes(id))).toEqual([true, false, false])
    await connections().compareAndSwap({ ...old, version: 2, renewedAt: at })
    expect(await idleIds(at)).not.toContain(old.id)
  })

  test('lists the longest idle first, those of one moment by id, and goes on behind one that was renewed meanwhile', async () => {
    const sameMoment = Array.from({ length: 5 }, () => connectionOf({ renewedAt: 20 })).toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const [first, last] = [connectionOf({ renewedAt: 10 }), connectionOf({ renewedAt: 30 })]
    for (const connection of [last, ...sameMoment.toReversed(), first]) await connections().insert(connection)
    const wanted = [first, ...sameMoment, last].map(({ id }) => id)
    const own = (ids: readonly string[]): string[] => ids.filter((id) => wanted.includes(id))
    for (const limit of [1, 2, 3, 100]) expect(own(await idleIds(31, limit))).toEqual(wanted)
    const renewed = sameMoment[2]!
    await connections().compareAndSwap({ ...renewed, version: 2, renewedAt: 5000 })
    const behind = await connections().idle({ after: renewed, limit: 100, renewedBefore: 31 })
    expect(own(behind.map(({ id }) => id))).toEqual(wanted.slice(4))
    await connections().compareAndSwap({ ...last, version: 2, sealed: null })
    expect(own(await idleIds(31))).toEqual(wanted.filter((id) => id !== renewed.id && id !== last.id))
  })

  test('follows a site with all who are connected there, however many', async () => {
    const [from, to] = [`https://${randomToken()}.example.com`, `https://${randomToken()}.example.com`]
    const moving = Array.from({ length: 450 }, () => connectionOf({ issuer: from }))
    const twice = connectionOf({ issuer: from })
    for (const connection of [...moving, twice, connectionOf({ issuer: to, subject: twice.subject })])
      await connections().insert(connection)
    expect(await connections().move(from, to)).toBe(450)
    for (const { subject } of moving) expect((await connections().find(to, subject))?.version).toBe(2)
    expect(await connections().find(from, twice.subject)).toEqual(twice)
  })
}
