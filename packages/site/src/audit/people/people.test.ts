import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { openAuditWorld, tablesOf, type AuditWorld } from '../audit.fixture.ts'

const USERS = Array.from({ length: 30 }, (_, at) => `user${at}@example.com`)

describe.each(engines)('rows that are written together, on %s', (engine) => {
  let world: AuditWorld
  beforeEach(async () => {
    world = await openAuditWorld(engine)
  })
  afterEach(() => world.close())

  const rowsOf = (event: string) => tablesOf(world).selectFrom('audit').select('about').where('event', '=', event).execute()
  const writeAll = (event: string, users: readonly string[]): Promise<void> =>
    world.database.transaction((connection) =>
      world.audit.writeAll(
        connection,
        users.map((user) => ({ event, about: user, grant: `of ${user}` })),
      ),
    )

  it('are each about their own user, those who were named before and those who were not', async () => {
    await writeAll('before', USERS.slice(10, 20))
    await world.chain.seal()
    await writeAll('before', USERS.slice(20, 25))
    await writeAll('together', [...USERS, ...USERS])
    const rows = await world.trail.latest({ event: 'together' }, 1000)
    expect(rows).toHaveLength(2 * USERS.length)
    for (const { about, grant } of rows) expect(grant).toBe(`of ${about}`)
    expect(new Set(rows.map(({ about }) => about))).toEqual(new Set(USERS))
    await world.chain.seal()
    expect((await world.trail.verify()).fault).toBeUndefined()
  })

  it('name each user once, however many write at once and in whatever order', async () => {
    // In the first round connections are made.
    for (const round of ['first', 'second', 'third']) {
      const users = USERS.flatMap((user) => [`${round} ${user}`, `${round} too ${user}`])
      await Promise.all(Array.from({ length: 10 }, (_, at) => writeAll(round, at % 2 === 0 ? users : users.toReversed())))
      const rows = await world.trail.latest({ event: round }, 1000)
      expect(rows).toHaveLength(10 * users.length)
      expect(new Set(rows.map(({ about }) => about))).toEqual(new Set(users))
      expect(new Set((await rowsOf(round)).map(({ about }) => about)).size).toBe(users.length)
    }
  })

  it('are none of nothing', async () => {
    await writeAll('nothing', [])
    expect(await world.trail.latest({ event: 'nothing' }, 10)).toEqual([])
  })
})
