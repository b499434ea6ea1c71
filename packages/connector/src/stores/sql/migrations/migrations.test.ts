import { migrate, openDatabase } from '@annex/database'
import { describe, expect, test } from 'vitest'
import { engines, temporaryDatabase } from '../../../../../../tests/support/databases.ts'
import { connectionOf } from '../../contract/samples.fixture.ts'
import { openSqlStore } from '../../sql.ts'
import { connectorMigrations } from './migrations.ts'

describe.each(engines)('a store of before the tenants, on %s', (engine) => {
  test('belongs to the app’s one site, with states, sessions and docnames', async () => {
    const database = await temporaryDatabase(engine)
    const old = await openDatabase(database.url)
    await migrate(old, connectorMigrations.slice(0, 1))
    const tables = old.connection.withTables<Record<string, Record<string, unknown>>>()
    const row = { version: 3, issuer: 'https://erp.example.com', name: 'Sam', email: null, scopes: 'openid', issued_at: 5, expires_at: 9 }
    await tables
      .insertInto('connector_connection')
      .values({ ...row, id: 'held', subject: 'sam', sealed: 'k1.sealed' })
      .execute()
    await tables
      .insertInto('connector_connection')
      .values({ ...row, id: 'ended', subject: 'lea', sealed: null })
      .execute()
    await tables.insertInto('connector_session').values({ hash: 'h', connection: 'held', expires_at: 100 }).execute()
    const link = { connection: 'held', doctype: 'Item', value: 'ITEM-1', description: 'Products' }
    await tables
      .insertInto('connector_link')
      .values({ ...link, filters: 'f', label: 'Old', seen_at: 10 })
      .execute()
    await tables
      .insertInto('connector_link')
      .values({ ...link, filters: '', label: 'New', seen_at: 20 })
      .execute()
    await old.close()

    const store = await openSqlStore(database.url)
    const { connections, sessions, docnames, leases } = store.of('')
    const held = await connections.read('held')
    expect(held).toMatchObject({ version: 3, sealed: 'k1.sealed', state: 'active', reason: null, stateAt: 5, renewedAt: 5, untold: null })
    expect(await connections.read('ended')).toMatchObject({ sealed: null, state: 'needs-sign-in', reason: 'expired', untold: null })
    expect(await connections.find(row.issuer, 'sam')).toEqual(held)
    expect(await sessions.read('h', 50)).toEqual({ hash: 'h', connection: 'held', expiresAt: 100, sid: null })
    expect(await docnames.list('held', 'Item', 'f', 9)).toMatchObject([{ name: 'ITEM-1', label: 'New', seenAt: 10, state: 'there' }])
    expect(await docnames.list('held', 'Item', '', 9)).toMatchObject([{ name: 'ITEM-1', label: 'New', seenAt: 20 }])
    expect(await leases.acquire('renew', 'a', 1000)).toBe(true)
    expect(await store.tenants()).toEqual([''])
    await store.close()
    await database.remove()
  })
})

describe.each(engines)('a store of before the indexes of what waits, on %s', (engine) => {
  test('keeps its letters, and knows for whom something may still be kept', async () => {
    const database = await temporaryDatabase(engine)
    const old = await openDatabase(database.url)
    await migrate(old, connectorMigrations.slice(0, 2))
    const tables = old.connection.withTables<Record<string, Record<string, unknown>>>()
    const row = connectionOf()
    const columns = { tenant: '', version: 1, issuer: row.issuer, name: row.name, email: null, scopes: '', state: 'revoked', reason: null }
    const times = { issued_at: 5, expires_at: 9, state_at: 5, failures: 0, retry_at: 0, renewed_at: 5 }
    for (const [id, untold, sealed] of [
      ['kept', 'revoked', null],
      ['told', null, null],
      ['held', 'degraded', 'k1.sealed'],
    ])
      await tables
        .insertInto('connector_connection')
        .values({ ...columns, ...times, id, subject: id, untold, sealed })
        .execute()
    const letter = { tenant: '', kind: 'document', payload: '{}', received_at: 1, attempts: 2, due_at: 1, taken: 0, again: 0, error: 'no' }
    await tables
      .insertInto('connector_inbox')
      .values({ ...letter, id: 'waits', state: 'waiting' })
      .execute()
    await tables.insertInto('connector_session').values({ tenant: '', hash: 'h', connection: 'held', expires_at: 100, sid: null }).execute()
    await old.close()

    const store = await openSqlStore(database.url)
    const { connections, inbox, sessions } = store.of('')
    const listed = await connections.list({ limit: 9, only: 'unforgotten' })
    expect(listed.map(({ id, unforgotten }) => [id, unforgotten])).toEqual([['kept', true]])
    expect((await connections.read('told'))?.unforgotten).toBe(false)
    expect((await connections.idle({ limit: 9, renewedBefore: 6 })).map(({ id }) => id)).toEqual(['held'])
    expect(await inbox.take(['document'], 9, 1000)).toEqual([{ id: 'waits', kind: 'document', payload: '{}', receivedAt: 1, attempts: 3 }])
    expect(await sessions.sweep(100)).toBe(1)
    await store.close()
    await database.remove()
  })

  test('is brought along by one of those that open it at once, a table at a time, while one of before writes on', async () => {
    const database = await temporaryDatabase(engine)
    const old = await openDatabase(database.url)
    await migrate(old, connectorMigrations.slice(0, 2))
    const write = (hash: string) =>
      old.connection
        .withTables<Record<string, Record<string, unknown>>>()
        .insertInto('connector_session')
        .values({ tenant: '', hash, connection: 'held', expires_at: 100, sid: null })
        .execute()
    const opening = Promise.all(Array.from({ length: 3 }, () => openSqlStore(database.url)))
    for (let count = 0; count < 20; count++) await write(`h${count}`)
    const stores = await opening
    await write('last')
    expect(await stores[0]!.of('').sessions.sweep(100)).toBe(21)
    expect(await migrate(old, connectorMigrations)).toEqual([])
    for (const store of stores) await store.close()
    await old.close()
    await database.remove()
  })
})
