import { databaseMigrations, migrate } from '@annex/database'
import { sql, type RawBuilder } from 'kysely'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { engines, type Engine } from '../../../../../tests/support/databases.ts'
import { auditMigrations } from '../audit-migrations.ts'
import { GENESIS, headAfter } from './canonical.ts'
import { Chain } from './chain.ts'
import { openAuditWorld, openDesk, tablesOf, testSigner, type AuditWorld } from '../audit.fixture.ts'
import { keepTrailProtected } from './append-only.ts'

/** Takes the database's own protection away, as its owner can. */
async function unprotect({ database }: AuditWorld, engine: Engine): Promise<void> {
  for (const table of ['audit', 'audit_batch', 'audit_checkpoint'])
    for (const act of ['update', 'delete'])
      await sql.raw(`drop trigger ${table}_no_${act}${engine === 'postgres' ? ` on ${table}` : ''}`).execute(database.connection)
}

describe.each(engines)('the chain on %s', (engine) => {
  let world: AuditWorld
  beforeEach(async () => {
    world = await openAuditWorld(engine)
  })
  afterEach(() => world.close())

  const write = (event: string, user = 'alice@example.com'): Promise<void> =>
    world.audit.write(world.database.connection, { event, user, ip: '192.0.2.1', detail: { event } })

  /** Five batches of two rows, a day apart: a1, b1 … a5, b5. */
  async function fiveBatches(): Promise<void> {
    for (const n of [1, 2, 3, 4, 5]) {
      await write(`a${n}`)
      await write(`b${n}`, 'bob@example.com')
      await world.chain.seal()
      world.advance(86_400)
    }
  }

  it('proves a trail that nobody touched, and says what is not sealed yet', async () => {
    await fiveBatches()
    await write('later')
    const verdict = await world.trail.verify()
    expect(verdict).toMatchObject({ batches: 5, rows: 10, unsealed: 1, unproven: 0, head: { number: 5 } })
    expect(verdict.fault).toBeUndefined()
  })

  /** A process of its own, and what it was told of its seals. */
  function otherProcess(): { chain: Chain; undone: unknown[] } {
    const undone: unknown[] = []
    const parts = { database: world.database, signer: testSigner(), now: world.now, onFault: (error: unknown) => world.faults.push(error) }
    return { chain: new Chain({ ...parts, onUndone: (head) => undone.push(head) }), undone }
  }

  it('tells once of seals that were undone and made anew, which no proof shows without a noted head', async () => {
    const { chain, undone } = otherProcess()
    for (const event of ['first', 'second']) {
      await write(event)
      await chain.seal()
    }
    const { head: sealed } = await world.trail.verify()
    await unprotect(world, engine)
    for (const statement of [
      sql`update audit set batch = null, event = 'another' where batch = 2`,
      sql`delete from audit_batch where number = 2`,
      sql`update audit_head set number = 1, head = (select head from audit_batch where number = 1)`,
    ])
      await statement.execute(world.database.connection)
    await world.chain.seal()
    expect((await world.trail.verify()).fault).toBeUndefined()
    for (const event of ['third', 'fourth']) {
      await write(event)
      await chain.seal()
      expect(undone).toEqual([sealed])
    }
    expect(world.faults).toEqual([])
  })

  it('tells of nothing when other processes seal, or its batches are pruned by policy', async () => {
    const { chain, undone } = otherProcess()
    await write('first')
    await chain.seal()
    await fiveBatches()
    await write('own')
    await chain.seal()
    world.advance(86_400 * 10)
    await world.trail.prune(1)
    for (const event of ['second', 'third']) {
      await write(event)
      await chain.seal()
    }
    expect(undone).toEqual([])
  })

  it('proves an empty one', async () => {
    expect(await world.chain.seal()).toBe(0)
    expect(await world.trail.verify()).toMatchObject({ batches: 0, rows: 0, unsealed: 0, head: { number: 0 } })
  })

  const forged = sql`insert into audit (id, at, event, count, batch) values ('forged', 1, 'sign-in', 1, 3)`
  const tampering: readonly (readonly [name: string, statement: RawBuilder<unknown>, batch: number | undefined, sentence: RegExp])[] = [
    ['an event was changed', sql`update audit set event = 'x' where event = 'a3'`, 3, /not as it was sealed/],
    ['a time was changed', sql`update audit set at = at + 1 where event = 'b2'`, 2, /not as it was sealed/],
    ['a detail was changed', sql`update audit set detail = '{}' where event = 'a4'`, 4, /not as it was sealed/],
    ['a row was given to another', sql`update audit set person = 'x' where event = 'a1'`, 1, /not as it was sealed/],
    ['a row lost its person', sql`update audit set person = null where event = 'a1'`, 1, /not as it was sealed/],
    ['a count was changed', sql`update audit set count = 9 where event = 'a5'`, 5, /not as it was sealed/],
    ['an address was changed', sql`update audit set ip = '10.0.0.1' where event = 'b3'`, 3, /whose address was changed/],
    ['what stands for an address was changed', sql`update audit set address = null where event = 'b3'`, 3, /not as it was sealed/],
    ['a row was removed', sql`delete from audit where event = 'b4'`, 4, /has 1 rows and was sealed with 2/],
    ['a row was put in', forged, 3, /has 3 rows and was sealed with 2/],
    ['a row was moved', sql`update audit set batch = 5 where event = 'a2'`, 2, /has 1 rows/],
    [
      'two rows changed places',
      sql`update audit set batch = case when event = 'a2' then 3 else 2 end where event in ('a2', 'a3')`,
      2,
      /not as it was sealed/,
    ],
    ['a batch was removed', sql`delete from audit_batch where number = 2`, 2, /Batch 2 is missing/],
    ['a batch was removed with its rows', sql`delete from audit where batch = 2`, 2, /has 0 rows/],
    ['the first batches were removed', sql`delete from audit_batch where number < 3`, 1, /Batch 1 is missing/],
    ['the last batch was removed', sql`delete from audit_batch where number = 5`, 5, /ends in batch 4 and should end in 5/],
    ['the end of the chain was changed', sql`update audit_head set number = 4`, 6, /ends in batch 5 and should end in 4/],
    ['a head was changed', sql`update audit_batch set head = 'x' where number = 2`, 2, /not as it was sealed/],
    ['the time of a batch was changed', sql`update audit_batch set at = 1 where number = 2`, 2, /not as it was sealed/],
    ['a signature was changed', sql`update audit_batch set signature = 'x' where number = 4`, 4, /not signed by this site/],
    [
      'a row was put behind the chain',
      sql`insert into audit (id, at, event, count, batch) values ('z', 1, 'x', 1, 99)`,
      99,
      /which the chain does not have/,
    ],
    [
      'names changed places',
      sql`update audit_person set "user" = 'mallory@example.com' where "user" = 'bob@example.com'`,
      undefined,
      /name of mallory/,
    ],
    [
      'a checkpoint was made',
      sql`insert into audit_checkpoint (number, at, removed, head, key_id, signature) select 2, 1, 4, head, 'k1', 'x' from audit_batch where number = 2`,
      2,
      /checkpoint after batch 2 was not signed/,
    ],
  ]

  it.each(tampering)('finds out that %s', async (_, statement, batch, sentence) => {
    await fiveBatches()
    await unprotect(world, engine)
    await statement.execute(world.database.connection)
    const { fault } = await world.trail.verify()
    expect(fault?.sentence).toMatch(sentence)
    expect(fault?.batch).toBe(batch)
  })

  it('finds out that one who has no key hashed the chain anew, and that the end was cut off when a head was noted', async () => {
    await fiveBatches()
    const noted = (await world.trail.verify()).head
    await unprotect(world, engine)
    const { connection } = world.database
    await sql`delete from audit where batch = 5`.execute(connection)
    await sql`delete from audit_batch where number = 5`.execute(connection)
    await sql`update audit_head set number = 4, head = (select head from audit_batch where number = 4)`.execute(connection)
    expect((await world.trail.verify()).fault).toBeUndefined()
    expect((await world.trail.verify({ expected: noted })).fault).toMatchObject({
      batch: 5,
      sentence: expect.stringContaining('cut off') as string,
    })
    const forger = await openDesk(world.url, world.now, { ...testSigner('k1'), sign: () => ({ keyId: 'k1', signature: 'forged' }) })
    await write('instead')
    await forger.chain.seal()
    await forger.close()
    expect((await world.trail.verify()).fault).toMatchObject({ batch: 5, sentence: expect.stringContaining('not signed') as string })
    expect((await world.trail.verify({ expected: noted })).fault?.batch).toBe(5)
  })

  it('is not proven by a key that nobody knows, and a later signature makes it good only when that key is said to be lost', async () => {
    await fiveBatches()
    const desk = await openDesk(world.url, world.now, testSigner('k2', ['k2']))
    const unknown = "Nothing after batch 0 is proven: batch 1 is signed with the key k1, which this site's key ring does not know"
    expect(await desk.trail.verify()).toMatchObject({ unproven: 5, fault: { batch: 1, sentence: unknown } })
    const nothing = 'Nothing after batch 0 is proven: no key that this site knows has signed later'
    expect((await desk.trail.verify({ lost: ['k1'] })).fault).toEqual({ batch: 1, sentence: nothing, isUnproven: true })
    await write('new')
    await desk.chain.seal()
    expect((await desk.trail.verify()).fault?.sentence).toBe(unknown)
    const verdict = await desk.trail.verify({ lost: ['k1'] })
    expect(verdict).toMatchObject({ unproven: 0, batches: 6 })
    expect(verdict.fault).toBeUndefined()
    await desk.close()
    const both = await openDesk(world.url, world.now, testSigner('k2', ['k1', 'k2']))
    expect((await both.trail.verify()).fault).toBeUndefined()
    await both.close()
  })

  /** Hashes the chain anew from a batch on, as one can who has the database and no key. */
  async function forge(from: number): Promise<void> {
    let head = GENESIS
    for (const batch of await tablesOf(world).selectFrom('audit_batch').selectAll().orderBy('number').execute()) {
      const members = await tablesOf(world).selectFrom('audit').selectAll().where('batch', '=', batch.number).execute()
      head = headAfter(head, { ...batch, rows: members.length }, members)
      if (batch.number < from) continue
      const values = { head, rows: members.length, key_id: 'forged', signature: 'AAAA' }
      await tablesOf(world).updateTable('audit_batch').set(values).where('number', '=', batch.number).execute()
    }
    await tablesOf(world).updateTable('audit_head').set({ head }).execute()
  }

  it.each([1, 3])('finds out that it was forged from batch %i on in the name of a key that nobody knows', async (from) => {
    await fiveBatches()
    await unprotect(world, engine)
    await sql`delete from audit where event = 'a3'`.execute(world.database.connection)
    await sql`update audit set event = 'harmless' where event = 'b3'`.execute(world.database.connection)
    await forge(from)
    const fault = {
      batch: from,
      sentence: expect.stringContaining(`Nothing after batch ${from - 1} is proven`) as string,
      isUnproven: true,
    }
    expect((await world.trail.verify()).fault).toEqual(fault)
    expect((await world.trail.verify({ lost: ['forged'] })).fault).toEqual(fault)
    // The site goes on, and signs on what it found.
    await write('later')
    await world.chain.seal()
    expect((await world.trail.verify()).fault).toEqual(fault)
  })

  it('seals a row that commits late into a later batch', async () => {
    let commit: () => void = () => {}
    const held = new Promise<void>((resolve) => (commit = resolve))
    let begun: () => void = () => {}
    const beginning = new Promise<void>((resolve) => (begun = resolve))
    const other = await openDesk(world.url, world.now)
    const late = world.database.transaction(async (connection) => {
      await world.audit.write(connection, { event: 'late' })
      begun()
      await held
    })
    await beginning
    if (engine === 'postgres') {
      await other.audit.write(other.database.connection, { event: 'soon' })
      expect(await other.chain.seal()).toBe(1)
    }
    commit()
    await late
    expect(await other.chain.seal()).toBe(1)
    expect(await other.trail.verify()).toMatchObject({ unsealed: 0, rows: engine === 'postgres' ? 2 : 1 })
    expect((await other.trail.verify()).fault).toBeUndefined()
    await other.close()
  })

  it('is one chain, however many processes add to it', async () => {
    const desks = await Promise.all(Array.from({ length: 3 }, () => openDesk(world.url, world.now)))
    const work = desks.map(async ({ audit, database, chain }, desk) => {
      for (let n = 0; n < 60; n += 1) {
        await audit.write(database.connection, { event: 'work', user: `u${n % 3}@example.com`, detail: { desk, n } })
        if (n % 5 === 0) await chain.seal()
      }
    })
    await Promise.all(work)
    await world.chain.seal()
    const verdict = await world.trail.verify()
    expect(verdict).toMatchObject({ rows: 180, unsealed: 0 })
    expect(verdict.fault).toBeUndefined()
    expect(verdict.batches).toBeGreaterThan(5)
    await Promise.all(desks.map((desk) => desk.close()))
  })

  it('seals by itself a second after a write, and until what is open has committed', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    try {
      world.audit.onWrite(() => world.chain.wake())
      await world.database.transaction((connection) => world.audit.write(connection, { event: 'x' }))
      expect((await world.trail.verify()).unsealed).toBe(1)
      vi.advanceTimersByTime(1000)
      await world.chain.close()
      expect((await world.trail.verify()).unsealed).toBe(0)
      expect(world.faults).toEqual([])
    } finally {
      vi.useRealTimers()
    }
  })

  it('leaves a signed checkpoint where it is pruned, from which the rest is proven', async () => {
    await fiveBatches()
    expect(await world.trail.prune(0)).toBe(0)
    expect(await world.trail.prune(100)).toBe(0)
    expect(await world.trail.prune(4)).toBe(4)
    expect(await world.trail.prune(4)).toBe(0)
    const verdict = await world.trail.verify()
    expect(verdict).toMatchObject({ batches: 3, rows: 6, checkpoint: { number: 2, removed: 4 } })
    expect(verdict.fault).toBeUndefined()
    world.advance(10 * 86_400)
    expect(await world.trail.prune(3)).toBe(6)
    await write('after')
    await world.chain.seal()
    expect(await world.trail.verify()).toMatchObject({ batches: 1, rows: 1, checkpoint: { number: 5, removed: 10 }, head: { number: 6 } })
    expect((await world.trail.verify()).fault).toBeUndefined()
    expect(await tablesOf(world).selectFrom('audit_checkpoint').select('number').execute()).toHaveLength(1)
  })

  /** Each would be hidden for ever by a checkpoint that the site signs in good faith. */
  const hidden: readonly (readonly [name: string, statement: RawBuilder<unknown>, sentence: RegExp])[] = [
    ['a row was changed', sql`update audit set event = 'x' where event = 'a2'`, /Batch 2 is not as it was sealed/],
    ['batches were made to look old', sql`update audit_batch set until = 1`, /Batch 1 is not as it was sealed/],
    ['a batch is missing', sql`delete from audit_batch where number = 2`, /Batch 2 is missing/],
    ['a head was signed by another', sql`update audit_batch set signature = 'x' where number = 1`, /Batch 1 was not signed by this site/],
    [
      'a checkpoint was made',
      sql`insert into audit_checkpoint (number, at, removed, head, key_id, signature) select 1, 1, 2, head, 'k1', 'x' from audit_batch where number = 1`,
      /checkpoint after batch 1 was not signed/,
    ],
  ]

  it.each(hidden)('does not prune, and leaves everything, when %s', async (_, statement, sentence) => {
    await fiveBatches()
    await unprotect(world, engine)
    await statement.execute(world.database.connection)
    await expect(world.trail.prune(3)).rejects.toThrow(sentence)
    expect((await world.trail.verify()).fault?.sentence).toMatch(sentence)
    expect(await tablesOf(world).selectFrom('audit').select('id').execute()).toHaveLength(10)
  })

  it('prunes what a key signed that is said to be lost, once a key that the site knows has signed later', async () => {
    await fiveBatches()
    const desk = await openDesk(world.url, world.now, testSigner('k2', ['k2']))
    await expect(desk.trail.prune(3)).rejects.toThrow('Nothing after batch 0 is proven')
    await expect(desk.trail.prune(3, ['k1'])).rejects.toThrow('no key that this site knows has signed later')
    await write('later')
    await desk.chain.seal()
    expect(await desk.trail.prune(3, ['k1'])).toBe(6)
    expect((await desk.trail.verify({ lost: ['k1'] })).fault).toBeUndefined()
    await desk.close()
  })

  it('holds the checkpoint to the head that was noted, and says when that is pruned away', async () => {
    await fiveBatches()
    await world.trail.prune(3)
    expect((await world.trail.verify({ expected: { number: 3, head: 'other' } })).fault?.sentence).toBe(
      'Batch 3 does not end in the head that was noted',
    )
    expect(await world.trail.verify({ expected: { number: 2, head: 'x' } })).toMatchObject({ isNotedPruned: true })
    expect((await world.trail.verify({ expected: { number: 3, head: 'x' } })).isNotedPruned).toBeUndefined()
  })

  it('prunes a long trail in small steps', async () => {
    for (let n = 0; n < 5_000; n += 1) world.audit.note({ event: 'old', grant: `g${n}` })
    await world.audit.flush()
    await world.chain.seal()
    world.advance(86_400 * 2)
    expect(await world.trail.prune(1)).toBe(5_000)
    expect(await world.trail.verify()).toMatchObject({ rows: 0, checkpoint: { number: 10, removed: 5_000 } })
  })

  it.each([
    ['rows of a batch', sql`delete from audit where batch = 1`],
    ['a batch', sql`delete from audit_batch where number = 1`],
    ['rows after a checkpoint', sql`delete from audit where batch = 5`],
    ['a head', sql`update audit_batch set head = 'x' where number = 5`],
    ['the checkpoint', sql`update audit_checkpoint set removed = 0`],
    ['the checkpoint as a whole', sql`delete from audit_checkpoint`],
    ['the batch of a row', sql`update audit set batch = 4 where batch = 5`],
    ...(engine === 'postgres' ? [['everything at once', sql`truncate audit`] as const] : []),
  ] as const)('lets nobody take away %s', async (name, statement) => {
    await fiveBatches()
    if (name.includes('checkpoint')) await world.trail.prune(3)
    await expect(statement.execute(world.database.connection)).rejects.toThrow('rows are added and never changed')
  })

  it('is protected again by the next start when the protection is gone', async () => {
    await fiveBatches()
    await unprotect(world, engine)
    await keepTrailProtected(world.database)
    await keepTrailProtected(world.database)
    await expect(sql`delete from audit`.execute(world.database.connection)).rejects.toThrow('rows are added and never changed')
    await migrate(world.database, [...databaseMigrations, ...auditMigrations])
  })
})
