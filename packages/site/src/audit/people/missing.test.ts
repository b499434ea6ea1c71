import { sql, type RawBuilder } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { openAuditWorld, tablesOf, type AuditWorld } from '../audit.fixture.ts'

describe.each(engines)('What stands beside the chain on %s', (engine) => {
  let world: AuditWorld
  beforeEach(async () => {
    world = await openAuditWorld(engine)
  })
  afterEach(() => world.close())

  const write = (event: string, user?: string, about?: string): Promise<void> =>
    world.audit.write(world.database.connection, { event, user, about, ip: '192.0.2.1' })
  const faultOf = async (): Promise<string | undefined> => (await world.trail.verify()).fault?.sentence
  const erased = async (): Promise<number> => (await world.trail.latest({ event: 'person erased' }, 10)).length

  async function threeRows(): Promise<void> {
    await write('one', 'alice@example.com')
    await write('two', 'bob@example.com', 'carol@example.com')
    await write('three')
    await world.chain.seal()
  }

  const removals: readonly (readonly [string, RawBuilder<unknown>, string])[] = [
    ['a name', sql`delete from audit_person where "user" = 'alice@example.com'`, '1 names and the addresses of 0 rows'],
    [
      'the name of whom a row is about',
      sql`delete from audit_person where "user" = 'carol@example.com'`,
      '1 names and the addresses of 0 rows',
    ],
    ['all names and addresses', sql`delete from audit_person`, '3 names and the addresses of 3 rows'],
    ['an address', sql`update audit set ip = null, salt = null where event = 'one'`, '0 names and the addresses of 1 rows'],
    ['an address of nobody', sql`update audit set ip = null, salt = null where event = 'three'`, '0 names and the addresses of 1 rows'],
  ]

  it.each(removals)('cannot lose %s unseen, before and after an erasure of another', async (name, statement, words) => {
    await threeRows()
    await statement.execute(world.database.connection)
    if (name.startsWith('all')) await sql`update audit set ip = null, salt = null`.execute(world.database.connection)
    const sentence = `${words} were taken out of the trail, and nobody was erased for that`
    expect(await faultOf()).toBe(sentence)
    await write('four', 'dave@example.com')
    expect(await world.trail.erase('dave@example.com', 'Administrator')).toBe(true)
    await world.chain.seal()
    expect(await faultOf()).toBe(sentence)
  })

  it('goes with a person who is erased, and that is proven, before it is sealed too', async () => {
    await threeRows()
    for (const user of ['alice@example.com', 'carol@example.com']) expect(await world.trail.erase(user, 'bob@example.com')).toBe(true)
    expect(await faultOf()).toBeUndefined()
    await world.chain.seal()
    expect(await faultOf()).toBeUndefined()
    expect(await world.trail.erase('bob@example.com', 'bob@example.com')).toBe(true)
    await world.chain.seal()
    expect(await faultOf()).toBeUndefined()
    await write('again', 'alice@example.com')
    await world.chain.seal()
    expect(await faultOf()).toBeUndefined()
  })

  it('may be gone after pruning too: an erasure stays as long as rows of whom it erased', async () => {
    await threeRows()
    const [row] = await tablesOf(world).selectFrom('audit').select('person').where('event', '=', 'one').execute()
    await world.trail.erase('alice@example.com', 'Administrator')
    await world.chain.seal()
    world.advance(5 * 86_400)
    // Another process still knew the name in the chain.
    await sql`insert into audit (id, at, event, count, person) values ('late', ${world.now()}, 'late', 1, ${row?.person})`.execute(
      world.database.connection,
    )
    await world.chain.seal()
    expect(await faultOf()).toBeUndefined()
    expect(await world.trail.prune(1)).toBe(4)
    await world.chain.seal()
    expect([await faultOf(), await erased()]).toEqual([undefined, 1])
    world.advance(5 * 86_400)
    expect(await world.trail.prune(1)).toBe(2)
    expect([await faultOf(), await erased()]).toEqual([undefined, 0])
  })
})
