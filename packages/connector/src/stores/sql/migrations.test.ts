import { migrate, openDatabase } from '@annex/database'
import { describe, expect, test } from 'vitest'
import { engines, temporaryDatabase } from '../../../../../tests/support/databases.ts'
import { openSqlStore } from '../sql.ts'
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
