import { databaseMigrations, migrate, openDatabase } from '@annex/database'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines, temporaryDatabase } from '../../../../tests/support/databases.ts'
import { auditMigrations } from './audit-migrations.ts'
import { collect, openAuditWorld, openDesk, tablesOf, type AuditWorld } from './audit.fixture.ts'
import type { TrailEntry } from './trail.ts'

describe.each(engines)('the trail on %s', (engine) => {
  let world: AuditWorld
  beforeAll(async () => {
    world = await openAuditWorld(engine)
  })
  afterAll(() => world.close())

  const rowsOf = (event: string): Promise<TrailEntry[]> => world.trail.latest({ event }, 1000)

  it('keeps who did what to whom, through which app, from where and when', async () => {
    const { audit, database } = world
    await audit.write(database.connection, {
      event: 'grant revoked',
      user: 'alice@example.com',
      about: 'bob@example.com',
      client: 'c1',
      grant: 'g1',
      ip: '127.0.0.1',
      detail: { reason: 'asked' },
    })
    const [row] = await rowsOf('grant revoked')
    expect(row).toMatchObject({
      at: expect.stringMatching(/^2023-11-14T22:13:20\.\d{3}Z$/) as string,
      user: 'alice@example.com',
      about: 'bob@example.com',
      client: 'c1',
      grant: 'g1',
      ip: '127.0.0.1',
      count: 1,
      detail: { reason: 'asked' },
    })
  })

  it('has one name for each user, however many write at once', async () => {
    const { audit, database } = world
    const writing = Array.from({ length: 20 }, () =>
      database.transaction((connection) =>
        audit.write(connection, { event: 'many', user: 'carol@example.com', about: 'dave@example.com' }),
      ),
    )
    await Promise.all(writing)
    const rows = await rowsOf('many')
    expect(rows).toHaveLength(20)
    expect(new Set(rows.map((row) => row.person)).size).toBe(1)
    expect(new Set(rows.map((row) => row.about))).toEqual(new Set(['dave@example.com']))
  })

  it('has written what another call began to write when it says that all is written', async () => {
    const { audit } = world
    audit.note({ event: 'begun', user: 'alice@example.com' })
    const begun = audit.flush()
    await audit.flush(true)
    expect(await rowsOf('begun')).toHaveLength(1)
    await begun
  })

  it('rolls back with what it tells of, the name of whom it names included', async () => {
    const { audit, database } = world
    const work = database.transaction(async (connection) => {
      await audit.write(connection, { event: 'undone', user: 'erin@example.com' })
      throw new Error('no')
    })
    await expect(work).rejects.toThrow('no')
    expect(await rowsOf('undone')).toEqual([])
    await audit.write(database.connection, { event: 'done', user: 'erin@example.com' })
    expect(await rowsOf('done')).toMatchObject([{ user: 'erin@example.com' }])
  })

  it('leaves out what is named like a secret or is an e-mail address, however deep, and cuts what is long', async () => {
    const detail = {
      access_token: 'a-secret',
      kind: 'refresh',
      form: { client_secret: 'b-secret', pwd: 'c-secret', contact: 'mallory@example.com' },
      token_kind: 'access',
      long: 'x'.repeat(9000),
    }
    await world.audit.write(world.database.connection, { event: 'careless', detail })
    const [row] = await rowsOf('careless')
    const text = String(row?.detail)
    expect(text).not.toContain('secret"')
    expect(text).not.toMatch(/[abc]-secret|mallory/)
    expect(text).toContain('"token_kind":"access"')
    expect(text).toHaveLength(4000)
  })

  it('leaves addresses out of longer texts too', async () => {
    const detail = {
      contact: 'Ann <ann.lee@example.com>',
      row_filters: '{"Item": [["owner", "=", "mallory@example.com"]]}',
      title: 'At @ home',
    }
    await world.audit.write(world.database.connection, { event: 'addressed', detail })
    const [row] = await rowsOf('addressed')
    expect(row?.detail).toEqual({
      contact: 'Ann <(address)>',
      row_filters: '{"Item": [["owner", "=", "(address)"]]}',
      title: 'At @ home',
    })
  })

  it('takes a name in the detail as the person whom it is about', async () => {
    await world.audit.write(world.database.connection, {
      event: 'user disabled',
      user: 'Administrator',
      detail: { of: 'frank@example.com' },
    })
    expect(await rowsOf('user disabled')).toMatchObject([{ about: 'frank@example.com', detail: null }])
  })

  it('writes what is only noted within a second, and at the end', async () => {
    for (let n = 0; n < 250; n += 1) world.audit.note({ event: 'renewed', user: 'alice@example.com', ip: '10.0.0.1', grant: `g${n}` })
    expect(await rowsOf('renewed')).toEqual([])
    await world.audit.close()
    const rows = await rowsOf('renewed')
    expect(rows).toHaveLength(250)
    expect(rows[0]).toMatchObject({ user: 'alice@example.com', ip: '10.0.0.1', count: 1 })
  })

  it('writes what is noted again within that second as one row, with its number and the time of the first', async () => {
    const { audit } = world
    const event = {
      event: 'asked again',
      user: 'alice@example.com',
      client: 'c1',
      grant: 'g1',
      ip: '10.0.0.1',
      detail: { scope: 'Item:read' },
    }
    world.advance(60)
    const began = new Date(world.now() / 1000).toISOString()
    for (let n = 0; n < 3; n += 1) {
      audit.note(event)
      world.advance(1)
    }
    await audit.flush()
    const [row, ...others] = await rowsOf('asked again')
    expect([row, others]).toMatchObject([{ ...event, at: began, count: 3 }, []])
    audit.note(event)
    await audit.flush()
    expect((await rowsOf('asked again')).map(({ count }) => count)).toEqual([1, 3])
  })

  it.each([
    ['user', { user: 'bob@example.com' }],
    ['person whom it is about', { about: 'bob@example.com' }],
    ['app', { client: 'c2' }],
    ['grant', { grant: 'g2' }],
    ['address', { ip: '10.0.0.2' }],
    ['detail', { detail: { scope: 'Item:write' } }],
  ])('keeps what is noted of another %s apart', async (name, other) => {
    const { audit } = world
    const event = { event: `noted of another ${name}`, user: 'alice@example.com', client: 'c1', grant: 'g1', ip: '10.0.0.1' }
    audit.note(event)
    audit.note({ ...event, ...other })
    await audit.flush()
    expect((await rowsOf(event.event)).map(({ count }) => count)).toEqual([1, 1])
  })

  it('keeps what is noted while nothing can be written, tries it again a few times only, and writes each once', async () => {
    const { audit, database, faults } = world
    const before = faults.length
    for (let n = 0; n < 100; n += 1) audit.note({ event: 'noted before', client: `c${n}` })
    await audit.flush()
    await sql`alter table audit rename to audit_away`.execute(database.connection)
    for (let n = 0; n < 5000; n += 1) audit.note({ event: 'noted meanwhile', client: `c${n % 2500}` })
    await expect(audit.flush()).rejects.toThrow()
    for (let n = 0; n < 500; n += 1) audit.note({ event: 'noted meanwhile', client: `c${n}` })
    await expect(audit.flush()).rejects.toThrow()
    await sql`alter table audit_away rename to audit`.execute(database.connection)
    await audit.flush()
    expect(faults.length - before).toBeLessThanOrEqual(3)
    const rows = (await world.trail.latest({ event: 'noted meanwhile' }, 5000)).toReversed()
    expect(rows.map(({ client }) => client)).toEqual(Array.from({ length: 2500 }, (_, n) => `c${n}`))
    expect(rows.map(({ count }) => count)).toEqual(Array.from({ length: 2500 }, (_, n) => (n < 500 ? 3 : 2)))
    expect(await rowsOf('noted before')).toHaveLength(100)
    faults.length = before
  })

  it('is read by time, client, user and event, page after page in order', async () => {
    const { audit, database, trail } = world
    world.advance(60)
    const since = world.now()
    for (let n = 0; n < 1200; n += 1)
      audit.note({ event: n % 2 === 0 ? 'even' : 'odd', client: `c${n % 3}`, user: `u${n % 5}@example.com`, grant: `g${n}` })
    await audit.flush()
    const until = world.now()
    await audit.write(database.connection, { event: 'even', client: 'c0' })
    const all = await collect(trail.entries({ since, until }))
    expect(all).toHaveLength(1200)
    expect(all.map((row) => row.at)).toEqual(all.map((row) => row.at).toSorted())
    expect(await collect(trail.entries({ since, until, event: 'even', client: 'c0', user: 'u0@example.com' }))).toHaveLength(40)
    expect(await collect(trail.entries({ since, user: 'nobody@example.com' }))).toEqual([])
  })

  it.each([
    ['a row is changed', sql`update audit set event = 'nothing' where event = 'grant revoked'`],
    ['a row is given to another person', sql`update audit set person = 'someone' where event = 'grant revoked'`],
    ['an address is changed', sql`update audit set ip = '10.9.9.9' where event = 'grant revoked'`],
    ['a row is removed', sql`delete from audit where event = 'grant revoked'`],
    ['all rows are removed', sql`delete from audit`],
  ])('the database refuses when %s', async (_, statement) => {
    await expect(statement.execute(world.database.connection)).rejects.toThrow('rows are added and never changed')
  })
})

describe.each(engines)('a person on %s', (engine) => {
  it('can be erased: their name and addresses go, what they did stays and is still proven', async () => {
    const world = await openAuditWorld(engine)
    const { audit, chain, trail, database } = world
    const write = (user: string): Promise<void> =>
      audit.write(database.connection, { event: 'sign-in', user, ip: '192.0.2.7', client: 'c1' })
    await write('alice@example.com')
    await write('bob@example.com')
    await chain.seal()
    await write('alice@example.com')
    expect(await trail.erase('alice@example.com', 'Administrator')).toBe(true)
    expect(await trail.erase('alice@example.com', 'Administrator')).toBe(false)
    await chain.seal()
    const rows = await trail.latest({ event: 'sign-in' }, 10)
    expect(rows.map(({ user, ip }) => `${user} ${ip}`).toSorted()).toEqual(['bob@example.com 192.0.2.7', 'null null', 'null null'])
    expect(new Set(rows.filter((row) => row.user === null).map((row) => row.person)).size).toBe(1)
    expect(await trail.verify()).toMatchObject({ rows: 4, unsealed: 0 })
    expect((await trail.verify()).fault).toBeUndefined()
    const stored = JSON.stringify([
      await tablesOf(world).selectFrom('audit').selectAll().execute(),
      await tablesOf(world).selectFrom('audit_person').selectAll().execute(),
    ])
    expect(stored).not.toContain('alice')
    await write('alice@example.com')
    const [again] = await trail.latest({ user: 'alice@example.com' }, 10)
    expect(again?.person).not.toBe(rows.find((row) => row.user === null)?.person)
    await world.close()
  })
})

describe.each(engines)('a trail from before the chain on %s', (engine) => {
  it('keeps its rows, with names and addresses beside them', async () => {
    const place = await temporaryDatabase(engine)
    const database = await openDatabase(place.url)
    await migrate(database, [...databaseMigrations, ...auditMigrations.slice(0, 1)])
    for (let n = 0; n < 700; n += 1)
      await sql`insert into audit (id, at, event, "user", client, grant_id, ip, detail) values (${`id${n}`}, ${n}, 'user disabled', 'ann@example.com', null, null, '192.0.2.1', ${JSON.stringify({ of: `u${n % 2}@example.com`, why: 'left' })})`.execute(
        database.connection,
      )
    await migrate(database, auditMigrations)
    const desk = await openDesk(place.url, () => 1_700_000_000_000_000)
    expect(await desk.chain.seal()).toBe(700)
    const rows = await collect(desk.trail.entries({ user: 'u1@example.com' }))
    expect(rows).toHaveLength(350)
    expect(rows[0]).toMatchObject({ user: 'ann@example.com', about: 'u1@example.com', ip: '192.0.2.1', detail: { why: 'left' } })
    expect(await desk.trail.verify()).toMatchObject({ batches: 2, rows: 700, unsealed: 0, unproven: 0 })
    await desk.close()
    await database.close()
    await place.remove()
  })
})

describe.each(engines)('what is written for a caller on %s', (engine) => {
  let world: AuditWorld
  beforeAll(async () => {
    world = await openAuditWorld(engine)
  })
  afterAll(() => world.close())

  const caller = { ip: '192.0.2.9', user: 'sam@example.com', client: 'c9', grant: 'g9' }
  const latest = async (event: string): Promise<TrailEntry | undefined> => (await world.trail.latest({ event }, 1))[0]

  it('has their address and their app, and is theirs though it names another', async () => {
    const { audit, database } = world
    await audit.from(caller, async () => {
      await audit.write(database.connection, { event: 'ended', user: 'alice@example.com', client: 'c1' })
      await audit.write(database.connection, { event: 'own', user: 'sam@example.com' })
      audit.note({ event: 'noted', user: 'sam@example.com' })
    })
    await audit.flush()
    expect(await latest('ended')).toMatchObject({ user: 'sam@example.com', about: 'alice@example.com', client: 'c1', ip: '192.0.2.9' })
    expect(await latest('own')).toMatchObject({ user: 'sam@example.com', about: null, client: 'c9', grant: 'g9' })
    expect(await latest('noted')).toMatchObject({ user: 'sam@example.com', ip: '192.0.2.9' })
  })

  it('is of whom it names when nobody is known, as at a sign-in', async () => {
    const { audit, database } = world
    await audit.from({ ip: '192.0.2.9', user: 'Guest' }, () =>
      audit.write(database.connection, { event: 'sign-in', user: 'alice@example.com' }),
    )
    expect(await latest('sign-in')).toMatchObject({ user: 'alice@example.com', about: null, ip: '192.0.2.9', client: null })
  })

  it('is nobody’s in particular when it is apart, or later', async () => {
    const { audit, database } = world
    let later: Promise<void> = Promise.resolve()
    let go: () => void = () => {}
    const gone = new Promise<void>((resolve) => (go = resolve))
    await audit.from(caller, async () => {
      await audit.apart(() => audit.write(database.connection, { event: 'apart', client: 'c1' }))
      later = gone.then(() => audit.write(database.connection, { event: 'later', client: 'c1' }))
    })
    go()
    await later
    for (const event of ['apart', 'later']) expect(await latest(event)).toMatchObject({ user: null, ip: null, client: 'c1' })
  })
})
