import { databaseMigrations, migrate, openDatabase, type Database } from '@annex/database'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines, temporaryDatabase, type TemporaryDatabase } from '../../../../tests/support/databases.ts'
import { Audit } from './audit.ts'
import { auditMigrations } from './audit-migrations.ts'
import type { AuditRow } from './audit-store.ts'

describe.each(engines)('the trail on %s', (engine) => {
  let place: TemporaryDatabase
  let database: Database
  beforeAll(async () => {
    place = await temporaryDatabase(engine)
    database = await openDatabase(place.url)
    await migrate(database, [...databaseMigrations, ...auditMigrations])
  })
  afterAll(async () => {
    await database.close()
    await place.remove()
  })

  const rowsOf = (event: string): Promise<AuditRow[]> =>
    database.connection.withTables<{ audit: AuditRow }>().selectFrom('audit').selectAll().where('event', '=', event).execute()

  it('keeps who did what, from where and when', async () => {
    const audit = new Audit(() => 1_700_000_000_000_000)
    await audit.write(database.connection, {
      event: 'grant revoked',
      user: 'alice@example.com',
      client: 'c1',
      grant: 'g1',
      ip: '127.0.0.1',
      detail: { reason: 'asked' },
    })
    const [row] = await rowsOf('grant revoked')
    expect(row).toMatchObject({
      at: 1_700_000_000_000_000,
      user: 'alice@example.com',
      client: 'c1',
      grant_id: 'g1',
      ip: '127.0.0.1',
      detail: '{"reason":"asked"}',
    })
  })

  it('rolls back with what it tells of', async () => {
    const work = database.transaction(async (connection) => {
      await new Audit().write(connection, { event: 'undone' })
      throw new Error('no')
    })
    await expect(work).rejects.toThrow('no')
    expect(await rowsOf('undone')).toEqual([])
  })

  it('leaves out what is named like a secret, however deep, and cuts what is long', async () => {
    const detail = {
      access_token: 'a-secret',
      kind: 'refresh',
      form: { client_secret: 'b-secret', pwd: 'c-secret' },
      token_kind: 'access',
      long: 'x'.repeat(9000),
    }
    await new Audit().write(database.connection, { event: 'careless', detail })
    const [row] = await rowsOf('careless')
    expect(row?.detail).not.toContain('secret"')
    expect(row?.detail).not.toMatch(/[abc]-secret/)
    expect(row?.detail).toContain('"token_kind":"access"')
    expect(row?.detail).toHaveLength(4000)
  })
})
