import { expect, test } from 'vitest'
import { randomToken } from '../../core/sealing/base64.ts'
import { INBOX_KINDS as KINDS, type ConnectorStore } from '../connector-store.ts'
import { connectionOf, docnameOf, entryOf, registrationOf } from './samples.fixture.ts'

/** Every verb is tried with what belongs to another tenant. */
export function tenantContract(store: () => ConnectorStore): void {
  test('J04 a tenant neither sees nor changes the connections and sessions of another', async () => {
    const [a, b] = [store().of(randomToken()), store().of(randomToken())]
    const connection = connectionOf({ untold: 'revoked', unforgotten: true, renewedAt: 1 })
    const session = { hash: randomToken(), connection: connection.id, expiresAt: 10, sid: 'sid' }
    await a.connections.insert(connection)
    await a.sessions.insert(session)
    expect(await b.connections.read(connection.id)).toBeUndefined()
    expect(await b.connections.find(connection.issuer, connection.subject)).toBeUndefined()
    expect(await b.connections.compareAndSwap({ ...connection, version: 2, name: 'Eve' })).toBe(false)
    expect(await b.connections.remove(connection.id, 1)).toBe(false)
    expect(await b.connections.list({ limit: 10 })).toEqual([])
    expect(await b.connections.list({ limit: 10, only: 'untold' })).toEqual([])
    expect(await b.connections.list({ limit: 10, only: 'unforgotten' })).toEqual([])
    expect(await b.connections.idle({ limit: 10, renewedBefore: 100 })).toEqual([])
    expect(await b.connections.move(connection.issuer, 'https://other.example.com')).toBe(0)
    expect(await b.sessions.read(session.hash, 0)).toBeUndefined()
    await b.sessions.remove(session.hash)
    expect(await b.sessions.removeAll(connection.id)).toBe(0)
    expect(await b.sessions.connectionsOf('sid')).toEqual([])
    expect(await b.sessions.sweep(100)).toBe(0)
    expect(await a.connections.read(connection.id)).toEqual(connection)
    expect(await a.sessions.read(session.hash, 0)).toEqual(session)
    expect(await b.connections.insert(connectionOf({ subject: connection.subject }))).toBe(true)
  })

  test('a tenant neither sees nor changes the docnames, leases, letters and registrations of another', async () => {
    const [a, b] = [store().of(randomToken()), store().of(randomToken())]
    const [docname, entry, registration] = [docnameOf(), entryOf(), registrationOf()]
    await a.docnames.keep('sam', 'search', [docname])
    await a.inbox.add(entry)
    await a.registrations.insert(registration)
    expect(await a.leases.acquire('work', 'a', 60_000)).toBe(true)
    expect(await b.docnames.list('sam', 'Item', 'search', 10)).toEqual([])
    expect(await b.docnames.resolve('sam', 'Item', [docname.name])).toEqual([])
    expect(await b.docnames.owners('Item', docname.name, { limit: 10 })).toEqual([])
    await b.docnames.removeAll('sam')
    expect(await b.docnames.sweep(10_000)).toBe(0)
    expect(await b.leases.acquire('work', 'b', 60_000)).toBe(true)
    await b.leases.release('work', 'a')
    expect(await b.inbox.take(KINDS, 10, 60_000)).toEqual([])
    await b.inbox.done(entry.id)
    await b.inbox.giveUp(entry.id, 'no')
    expect(await b.inbox.list('waiting', 10)).toEqual([])
    expect(await b.registrations.read(registration.issuer, registration.redirectUri)).toBeUndefined()
    expect(await b.registrations.list()).toEqual([])
    await b.registrations.remove(registration.issuer, registration.redirectUri)
    expect(await a.docnames.list('sam', 'Item', 'search', 10)).toEqual([docname])
    expect(await a.leases.acquire('work', 'c', 60_000)).toBe(false)
    expect(await a.inbox.take(KINDS, 10, 60_000)).toEqual([{ ...entry, attempts: 1 }])
    expect(await a.registrations.list()).toEqual([registration])
  })
}
