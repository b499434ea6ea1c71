import { databaseMigrations, dialectOf, migrate, openDatabase } from '@annex/database'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { engines, temporaryDatabase } from '../../../../../tests/support/databases.ts'
import { readParts, replaceAll } from '../../transfer/database-parts.ts'
import { auditMigrations } from '../audit-migrations.ts'
import { collect, openAuditWorld, openDesk } from '../audit.fixture.ts'
import { keepTrailProtected } from './append-only.ts'

describe.each(engines.flatMap((from) => engines.map((to) => [from, to] as const)))('a trail that is moved from %s to %s', (from, to) => {
  it('is proven there, goes on, and is protected again', async () => {
    const world = await openAuditWorld(from)
    const place = await temporaryDatabase(to)
    const target = await openDatabase(place.url)
    try {
      for (const event of ['sign-in', 'Anmeldung ü ß 漢', 'x'])
        await world.audit.write(world.database.connection, { event, user: 'alice@example.com', ip: '192.0.2.1', detail: { event, n: 1.5 } })
      await world.chain.seal()
      await world.audit.write(world.database.connection, { event: 'not sealed yet', user: 'bob@example.com' })
      await migrate(target, [...databaseMigrations, ...auditMigrations])
      await world.database.snapshot((reading) =>
        target.transaction((writing) => replaceAll(writing, dialectOf(to), readParts(reading, dialectOf(from)))),
      )
      await keepTrailProtected(target)
      const desk = await openDesk(place.url, world.now)
      expect(await desk.trail.verify()).toMatchObject({ rows: 3, unsealed: 1 })
      await desk.audit.write(desk.database.connection, { event: 'there', user: 'alice@example.com' })
      expect(await desk.chain.seal()).toBe(2)
      const verdict = await desk.trail.verify()
      expect(verdict).toMatchObject({ rows: 5, unsealed: 0, batches: 2 })
      expect(verdict.fault).toBeUndefined()
      expect((await collect(desk.trail.entries({ user: 'alice@example.com' }))).length).toBe(4)
      await expect(sql`delete from audit`.execute(target.connection)).rejects.toThrow('rows are added and never changed')
      await desk.close()
    } finally {
      await target.close()
      await place.remove()
      await world.close()
    }
  })
})
