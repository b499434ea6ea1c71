import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { openAuditWorld, tablesOf, type AuditWorld } from '../audit.fixture.ts'
import { networkOf } from './network-of.ts'
import { RefusalWindows, type Refused } from './refusal-windows.ts'

const refused = (values: Partial<Refused> = {}): Refused => ({
  event: 'scope refused',
  user: 'alice@example.com',
  client: 'c1',
  ip: '192.0.2.1',
  act: 'list Item',
  scope: 'Item:read',
  ...values,
})

const MINUTE = 60_000_000

describe('Refusals in a minute', () => {
  it('are one when event, client, user, scope, reason and network are', () => {
    const windows = new RefusalWindows()
    const { incident } = windows.count(refused(), 0)
    for (const same of [{}, { ip: '192.0.2.200' }, { grant: 'g2' }]) expect(windows.count(refused(same), 1)).toEqual({ incident })
    const others = [
      { event: 'x' },
      { client: 'c2' },
      { user: 'bob' },
      { scope: 'Item:write' },
      { act: 'read Item' },
      { reason: 'why' },
      { ip: '192.0.3.1' },
    ]
    const incidents = others.map((other) => windows.count(refused(other), 1).incident)
    expect(new Set([incident, ...incidents]).size).toBe(8)
  })

  it('begin anew after it', () => {
    const windows = new RefusalWindows()
    const first = windows.count(refused(), 0)
    windows.count(refused(), MINUTE - 1)
    const second = windows.count(refused(), MINUTE)
    expect(second.first?.count).toBe(1)
    expect(second.incident).not.toBe(first.incident)
    expect(windows.due(MINUTE)).toMatchObject([{ incident: first.incident, count: 1 }])
    expect(windows.due(2 * MINUTE)).toEqual([])
    expect(windows.isEmpty).toBe(true)
  })

  it('are told once their number has doubled, and at the end', () => {
    const windows = new RefusalWindows()
    windows.count(refused(), 0)
    const told: number[] = []
    for (let n = 1; n < 100_000; n += 1) {
      windows.count(refused(), n)
      if (n % 100 === 0) told.push(...windows.due(n).map(({ count }) => count))
    }
    told.push(...windows.due(0, true).map(({ count }) => count))
    expect(told.length).toBeLessThan(20)
    expect(told.reduce((sum, count) => sum + count, 1)).toBe(100_000)
  })

  it('are kept apart up to a number, and beyond it are one sum', () => {
    const windows = new RefusalWindows({ length: MINUTE, most: 3, mostOfOne: 3, mostWithin: 3, mostOfNobody: 3 })
    const firsts = Array.from({ length: 100 }, (_, n) => windows.count(refused({ client: `c${n}` }), n).first).filter(Boolean)
    expect(firsts.map((first) => first?.refused.event)).toEqual([
      'scope refused',
      'scope refused',
      'scope refused',
      'refusals beyond the limit',
    ])
    expect(windows.due(100)).toMatchObject([{ refused: { event: 'refusals beyond the limit' }, count: 96 }])
    expect(windows.count(refused({ client: 'later' }), MINUTE + 100).first?.refused.client).toBe('later')
  })

  it('cannot be used up by one app, by one user or by who is not known, and what is beyond is told of each by itself', () => {
    const windows = new RefusalWindows({ length: MINUTE, most: 8, mostOfOne: 2, mostWithin: 2, mostOfNobody: 3 })
    const kept = (own: Partial<Refused>): (Refused | undefined)[] =>
      Array.from({ length: 5 }, (_, n) => windows.count({ event: 'x', act: `act ${n}`, ...own }, n).first?.refused)
    const summed = (own: Partial<Refused>): Refused => ({ event: 'refusals beyond the limit', ...own })
    const acts = (own: Partial<Refused>, number: number): Refused[] =>
      Array.from({ length: number }, (_, n) => ({ event: 'x', act: `act ${n}`, ...own }))
    const loud = { client: 'c1', user: 'alice@example.com' }
    expect(kept(loud)).toEqual([...acts(loud, 2), summed({ client: 'c1' }), undefined, undefined])
    expect(kept({})).toEqual([...acts({}, 3), summed({}), undefined])
    expect(kept({ user: 'alice@example.com' })).toEqual([
      ...acts({ user: 'alice@example.com' }, 2),
      summed({ user: 'alice@example.com' }),
      undefined,
      undefined,
    ])
    expect(kept({ client: 'c2' })).toEqual([...acts({ client: 'c2' }, 1), undefined, undefined, undefined, undefined])
    expect(windows.due(MINUTE).map(({ refused: { client, user }, count }) => [client ?? user, count])).toEqual([
      ['c1', 2],
      [undefined, 5],
      ['alice@example.com', 2],
    ])
  })

  it('of an app cannot be used up by one of its users, or by who is none, and what is beyond is told of each by itself', () => {
    const windows = new RefusalWindows({ length: MINUTE, most: 100, mostOfOne: 5, mostWithin: 2, mostOfNobody: 3 })
    const kept = (own: Partial<Refused>): unknown[] =>
      Array.from({ length: 4 }, (_, n) => windows.count({ event: 'x', client: 'c1', act: `act ${n}`, ...own }, n).first?.refused)
    const acts = (own: Partial<Refused>, number: number): Refused[] =>
      Array.from({ length: number }, (_, n) => ({ event: 'x', client: 'c1', act: `act ${n}`, ...own }))
    const summed = (own: Partial<Refused>): Refused => ({ event: 'refusals beyond the limit', client: 'c1', ...own })
    const [alice, bob] = [{ user: 'alice@example.com' }, { user: 'bob@example.com' }]
    expect(kept(alice)).toEqual([...acts(alice, 2), summed(alice), undefined])
    expect(kept({})).toEqual([...acts({}, 2), summed({}), undefined])
    // The fifth of the app; what is beyond that stands with what was beyond before.
    expect(kept(bob)).toEqual([...acts(bob, 1), undefined, undefined, undefined])
    expect(windows.due(MINUTE).map(({ refused: { user }, count }) => [user, count])).toEqual([
      ['alice@example.com', 1],
      [undefined, 4],
    ])
  })

  it.each([
    ['192.0.2.77', '192.0.2'],
    ['::ffff:192.0.2.77', '192.0.2'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0DB8::1', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    ['not an address', ''],
    [undefined, ''],
  ])('%s is of the network %s', (ip, network) => expect(networkOf(ip)).toBe(network))
})

describe.each(engines)('Refusals in the trail on %s', (engine) => {
  let world: AuditWorld
  beforeEach(async () => {
    world = await openAuditWorld(engine)
  })
  afterEach(() => world.close())

  const rows = (): Promise<number> =>
    tablesOf(world)
      .selectFrom('audit')
      .select((audit) => audit.fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow()
      .then((row) => row.n)

  it('are there at once, with an incident by which they are found', async () => {
    const incident = await world.audit.refuse(refused({ grant: 'g1' }))
    expect(await world.trail.incident(incident)).toMatchObject({
      event: 'scope refused',
      user: 'alice@example.com',
      client: 'c1',
      grant: 'g1',
      ip: '192.0.2.1',
      count: 1,
      facts: { scope: 'Item:read', act: 'list Item' },
    })
    expect(await world.trail.incident('00000000-0000-4000-8000-000000000000')).toBeUndefined()
    expect(await world.trail.incident("' or 1=1")).toBeUndefined()
  })

  it('fill no disk, however many come', async () => {
    const incidents = new Set<string>()
    for (let n = 0; n < 100_000; n += 1) {
      incidents.add(await world.audit.refuse(refused({ ip: `192.0.2.${n % 256}` })))
      if (n % 20_000 === 0) await world.audit.flush()
    }
    await world.audit.close()
    expect(incidents.size).toBe(1)
    expect(await rows()).toBeLessThan(20)
    expect((await world.trail.incident([...incidents][0] ?? ''))?.count).toBe(100_000)
  })

  it('fill no disk either when each is another', async () => {
    for (let n = 0; n < 5_000; n += 1) await world.audit.refuse(refused({ client: `c${n}` }))
    await world.audit.close()
    expect(await rows()).toBeLessThan(610)
    const [beyond] = await world.trail.latest({ event: 'refusals beyond the limit' }, 1)
    expect((await world.trail.incident(beyond?.incident ?? ''))?.count).toBe(4_400)
  })

  it('of an app are told though somebody whom nobody knows is refused from very many networks', async () => {
    for (let n = 0; n < 1000; n += 1) await world.audit.refuse({ event: 'oauth.bearer.refused', ip: `192.${n >> 8}.${n & 255}.1` })
    const incident = await world.audit.refuse(refused())
    expect(await world.trail.incident(incident)).toMatchObject({ event: 'scope refused', client: 'c1', user: 'alice@example.com' })
  })

  it('can be asked about for thirty days', async () => {
    const incident = await world.audit.refuse(refused())
    world.advance(29 * 86_400)
    expect(await world.trail.incident(incident)).toBeDefined()
    world.advance(2 * 86_400)
    expect(await world.trail.incident(incident)).toBeUndefined()
  })

  it('that could not be written are written later', async () => {
    await world.audit.refuse(refused())
    await world.audit.refuse(refused())
    const { database } = world
    const whole = database.transaction.bind(database)
    database.transaction = () => Promise.reject(new Error('the disk is full'))
    await expect(world.audit.flush()).rejects.toThrow('the disk is full')
    database.transaction = whole
    await world.audit.close()
    const [row] = await world.trail.latest({ refused: true }, 1)
    expect((await world.trail.incident(row?.incident ?? ''))?.count).toBe(2)
  })
})
