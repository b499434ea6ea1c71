import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { plansOf } from '../../../../../tests/support/query-plans.ts'
import { Browser, connect, me, person, register } from '../testing/app.fixture.ts'
import { watched } from '../testing/failing-database.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { Usage, type Counted } from './usage.ts'

const DAY = 86_400_000_000
let subjects = 0
const token = (values: Partial<Counted> = {}): Counted => {
  subjects += 1
  return { client: `client-${subjects}`, grant: `grant-${subjects}`, hash: `hash-${subjects}`, ...values }
}

describe.each(engines)('the usage of apps on %s', (engine) => {
  let provider: Provider
  let now = 1_700_000_000_000_000
  const faults: unknown[] = []
  const open = (): Usage => new Usage({ database: provider.database, now: () => now, onFault: (error) => void faults.push(error) })

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(async () => {
    await provider.close()
    expect(faults).toEqual([])
  })

  it('is counted by day, DocType and right, for the app and for the grant', async () => {
    const usage = open()
    const one = token()
    const other = token({ client: one.client })
    for (const each of [one, one, other]) {
      usage.call(each, '203.0.113.7', now)
      usage.used(each, 'Item', 'read')
    }
    usage.used(one, 'Item', 'write')
    expect(await usage.sums([one.client], 1)).toEqual([
      { outcome: 'call', what: '', right: '', count: 3 },
      { outcome: 'used', what: 'Item', right: 'read', count: 3 },
      { outcome: 'used', what: 'Item', right: 'write', count: 1 },
    ])
    expect((await usage.sums([one.grant], 1)).map(({ count }) => count)).toEqual([2, 2, 1])
    usage.call(one, '203.0.113.7', now)
    expect(await usage.days([one.grant], 1)).toMatchObject([
      { outcome: 'call', count: 3 },
      { outcome: 'used', count: 3 },
    ])
  })

  it('counts each day by itself, also around midnight', async () => {
    const usage = open()
    const one = token()
    usage.call(one, '', now)
    now += DAY
    usage.call(one, '', now)
    usage.call(one, '', now)
    expect((await usage.days([one.client], 2)).map(({ count }) => count)).toEqual([1, 2])
    expect((await usage.days([one.client], 1)).map(({ count }) => count)).toEqual([2])
  })

  it('knows the reason of each refusal', async () => {
    const usage = open()
    const one = token()
    usage.refused(one, 'scope', 'list Item', 'Item:read')
    usage.refused(one, 'scope', 'list Item', 'Item:read')
    usage.refused(one, 'permission', 'read Customer')
    usage.refused(one, 'limit')
    usage.refused(one, 'address')
    expect((await usage.details([one.client], 1)).map(({ what }) => what)).toEqual(['', '', 'read Customer', 'list Item'])
    expect(await usage.sums([one.grant], 1)).toEqual([
      { outcome: 'address', what: '', right: '', count: 1 },
      { outcome: 'limit', what: '', right: '', count: 1 },
      { outcome: 'permission', what: 'read Customer', right: '', count: 1 },
      { outcome: 'scope', what: 'list Item', right: 'Item:read', count: 2 },
    ])
  })

  it('tells first and last use of app, grant and token', async () => {
    const usage = open()
    const [one, first] = [token(), now]
    usage.call(one, '', now)
    await usage.flush()
    now += 1_000_000
    usage.call({ ...one, hash: 'another' }, '', now)
    const spans = await usage.spans([one.client, one.grant, one.hash, 'another', 'nobody'])
    expect(spans.get(one.client)).toEqual({ subject: one.client, first_used: first, last_used: now, calls: 2 })
    expect(spans.get(one.grant)).toMatchObject({ first_used: first, last_used: now, calls: 2 })
    expect(spans.get(one.hash)).toMatchObject({ first_used: first, last_used: first, calls: 1 })
    expect(spans.get('another')).toMatchObject({ first_used: now, last_used: now, calls: 1 })
    expect(spans.has('nobody')).toBe(false)
  })

  it('keeps the last twenty networks of a grant, and those of a secret', async () => {
    const usage = open()
    const one = token()
    for (let number = 1; number <= 30; number += 1) {
      now += 1
      usage.call(one, `10.0.${number}.1`, now)
      usage.call(one, `10.0.${number}.2`, now)
    }
    const networks = await usage.networks([one.grant])
    expect(networks).toHaveLength(20)
    expect(networks[0]).toMatchObject({ network: '10.0.30', calls: 2 })
    expect(networks.map(({ network }) => network)).not.toContain('10.0.10')
    usage.secretUsed(one.client, '2001:db8::1')
    expect((await usage.networks([one.client])).map(({ network }) => network)).toEqual(['2001:db8:0:0'])
  })

  it('holds a bounded number of kinds of one grant, and loses no count', async () => {
    const usage = open()
    const one = token()
    for (let number = 0; number < 1000; number += 1) {
      usage.used(one, `Type ${number}`, 'read')
      usage.refused(one, 'scope', `list Type ${number}`)
    }
    const sums = await usage.sums([one.grant], 1)
    expect(sums.length).toBeLessThan(450)
    for (const outcome of ['used', 'scope'])
      expect(sums.filter((row) => row.outcome === outcome).reduce((sum, { count }) => sum + count, 0)).toBe(1000)
  })

  it('adds what several processes count of the same app', async () => {
    const [here, there, one] = [open(), open(), token()]
    for (let round = 0; round < 5; round += 1) {
      for (const usage of [here, there]) usage.call(one, '198.51.100.1', now)
      await Promise.all([here.flush(), there.flush()])
    }
    expect((await here.spans([one.client])).get(one.client)?.calls).toBe(10)
  })

  it('is written at the close, and kept for the next time when it cannot be written', async () => {
    const [usage, one] = [open(), token()]
    usage.call(one, '', now)
    await sql`alter table oauth_use_span rename to oauth_use_span_away`.execute(provider.database.connection)
    await expect(usage.flush()).rejects.toThrow()
    await sql`alter table oauth_use_span_away rename to oauth_use_span`.execute(provider.database.connection)
    usage.call(one, '', now)
    await usage.close()
    expect((await open().sums([one.client], 1))[0]?.count).toBe(2)
  })

  it('is removed after the days of the policy, in small batches', async () => {
    const [usage, old, young] = [open(), token(), token()]
    usage.call(old, '10.1.1.1', now)
    for (let number = 0; number < 150; number += 1) usage.used(old, `Old ${number}`, 'read')
    now += 401 * DAY
    usage.call(young, '10.1.1.1', now)
    await usage.flush()
    await usage.sweep()
    expect(await usage.sums([old.client], 1000)).toEqual([])
    expect([...(await usage.spans([old.client, young.client])).keys()]).toEqual([young.client])
    expect(await usage.networks([old.grant])).toEqual([])
    expect(await usage.networks([young.grant])).toHaveLength(1)
  })

  it('is found by an index, however much there is of it', async () => {
    const usage = open()
    const plans = await plansOf(provider.database, async () => {
      await usage.days(['client-1'], 30)
      await usage.details(['client-1', 'grant-1'], 30)
      await usage.sums(['client-1', 'grant-1'], 30)
      await usage.spans(['client-1'])
      await usage.networks(['grant-1'])
    })
    expect(plans).toHaveLength(5)
    for (const plan of plans) {
      expect(plan).toMatch(/PRIMARY KEY|_pkey/)
      expect(plan).not.toMatch(/SCAN oauth|Seq Scan/)
    }
  })

  it('is counted today, also when nothing but a right was used, and texts are cut', async () => {
    const usage = open()
    const one = token()
    const day = Math.floor(now / DAY)
    const long = 'x'.repeat(200)
    usage.used(one, 'Item', 'read')
    usage.refused(one, 'scope', long, long)
    const cut = 'x'.repeat(140)
    expect(await usage.details([one.grant], 1)).toEqual([
      { subject: one.grant, day, outcome: 'scope', what: cut, right: cut, count: 1 },
      { subject: one.grant, day, outcome: 'used', what: 'Item', right: 'read', count: 1 },
    ])
    usage.call(one, '', now)
    expect((await usage.details([one.grant], 1)).map(({ outcome }) => outcome)).toEqual(['scope', 'used'])
    expect(await usage.days([one.grant], 1)).toEqual([
      { day, outcome: 'call', count: 1 },
      { day, outcome: 'scope', count: 1 },
      { day, outcome: 'used', count: 1 },
    ])
  })

  it('is listed the newest day first, by reason and right, two hundred at most', async () => {
    const usage = open()
    const one = token()
    for (const what of ['B', 'A']) for (const right of ['write', 'read']) usage.used(one, what, right)
    await usage.flush()
    now += DAY
    usage.call(one, '', now)
    usage.used(one, 'C', 'read')
    expect((await usage.details([one.client], 2)).map(({ what, right }) => `${what} ${right}`)).toEqual([
      'C read',
      'A read',
      'A write',
      'B read',
      'B write',
    ])
    expect((await usage.sums([one.client], 2)).map(({ what, right }) => `${what} ${right}`.trim())).toEqual([
      '',
      'A read',
      'A write',
      'B read',
      'B write',
      'C read',
    ])
    for (let number = 0; number < 150; number += 1) for (const right of ['read', 'write']) usage.used(one, `Type ${number}`, right)
    expect(await usage.details([one.client], 1)).toHaveLength(200)
  })

  it('the usage of no app is nothing', async () => {
    const usage = open()
    usage.call(token(), '10.0.0.1', now)
    expect(await Promise.all([usage.details([], 9), usage.days([], 9), usage.sums([], 9), usage.networks([])])).toEqual([[], [], [], []])
    expect((await usage.spans([])).size).toBe(0)
  })

  it('never moves a last use back, whoever writes last', async () => {
    const [here, there, one] = [open(), open(), token()]
    here.call(one, '10.0.0.1', now)
    there.call(one, '10.0.0.1', now - 1000)
    await here.flush()
    await there.flush()
    expect((await here.spans([one.grant])).get(one.grant)).toMatchObject({ last_used: now, calls: 2 })
    expect(await here.networks([one.grant])).toMatchObject([{ network: '10.0.0', last_used: now, calls: 2 }])
  })

  it('lists networks the latest first', async () => {
    const usage = open()
    const [one, other] = [token(), token()]
    usage.call(one, '10.0.2.1', now)
    usage.call(other, '10.0.1.1', now)
    usage.call(other, '10.0.0.1', now)
    usage.call(one, '10.0.9.1', now + 1)
    const listed = await usage.networks([other.grant, one.grant])
    expect(listed.map(({ subject, network }) => `${subject} ${network}`)).toEqual([
      `${one.grant} 10.0.9`,
      `${one.grant} 10.0.2`,
      `${other.grant} 10.0.0`,
      `${other.grant} 10.0.1`,
    ])
  })

  it('the use of a secret is counted on its own day, without a network where none is known', async () => {
    const usage = open()
    const one = token()
    usage.call(one, '', now)
    now += DAY
    usage.secretUsed(one.client, '10.0.0.1')
    usage.secretUsed(one.client, 'nowhere')
    usage.used(one, 'Item', 'read')
    expect(await usage.networks([one.client])).toMatchObject([{ network: '10.0.0', first_used: now, last_used: now, calls: 1 }])
    expect((await usage.days([one.client], 2)).map(({ day, outcome }) => `${day - Math.floor(now / DAY)} ${outcome}`)).toEqual([
      '-1 call',
      '0 used',
    ])
  })

  it('is written five seconds after the first of it, and told when that fails', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const [usage, one] = [open(), token()]
      const broken = new Usage({
        database: watched(provider.database, () => {
          throw new Error('the disk is full')
        }),
        now: () => now,
        onFault: (error) => void faults.push(error),
      })
      usage.call(one, '', now)
      usage.call(one, '', now)
      broken.call(one, '', now)
      expect(vi.getTimerCount()).toBe(2)
      vi.advanceTimersByTime(4999)
      expect(vi.getTimerCount()).toBe(2)
      vi.advanceTimersByTime(1)
      expect(vi.getTimerCount()).toBe(0)
      await expect.poll(async () => (await open().spans([one.grant])).get(one.grant)?.calls).toBe(2)
      await expect.poll(() => faults.length).toBe(1)
      expect(faults.splice(0)).toEqual([expect.objectContaining({ message: 'the disk is full' })])
    } finally {
      vi.useRealTimers()
    }
  })

  it('is written at once when there is much of it, and what is far too much is not counted', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const [usage, { client }] = [open(), token()]
      for (let number = 0; number <= 20_000; number += 1) {
        usage.used({ client, grant: `${client} ${number}`, hash: '' }, 'Item', 'read')
      }
      vi.advanceTimersByTime(1)
      expect(vi.getTimerCount()).toBe(0)
      expect(await usage.sums([client], 1)).toEqual([{ outcome: 'used', what: 'Item', right: 'read', count: 20_000 }])
      expect(await usage.sums([`${client} 20000`], 1)).toEqual([])
    } finally {
      vi.useRealTimers()
    }
  })

  it('usage that could not be written is written with the next, and nothing twice', async () => {
    let isBroken = true
    const database = watched(provider.database, () => {
      if (isBroken) throw new Error('the disk is full')
    })
    const usage = new Usage({ database, now: () => now, onFault: () => undefined })
    const one = token()
    for (let number = 0; number < 150; number += 1) usage.used(one, `Type ${number}`, 'read')
    await expect(usage.flush()).rejects.toThrow('the disk is full')
    usage.used(one, 'Type 0', 'read')
    isBroken = false
    await usage.flush()
    await usage.flush()
    const sums = await open().sums([one.grant], 1)
    expect([sums.length, sums.find(({ what }) => what === 'Type 0')?.count, sums.find(({ what }) => what === 'Type 99')?.count]).toEqual([
      150, 2, 1,
    ])
  })

  it('goes to the end of its days and no further, unless the process ends before', async () => {
    const [usage, old, young] = [open(), token(), token()]
    usage.call(old, '10.0.0.1', now)
    await usage.flush()
    now += 1
    usage.call(young, '10.0.0.1', now)
    const day = Math.floor(now / DAY)
    const today = now
    now = today + 400 * DAY
    const ended = open()
    await ended.close()
    await ended.sweep()
    expect((await usage.spans([old.client])).size).toBe(1)
    await usage.sweep()
    expect([...(await usage.spans([old.client, young.client])).keys()]).toEqual([young.client])
    expect((await usage.networks([old.grant, young.grant])).map(({ subject }) => subject)).toEqual([young.grant])
    expect(await usage.days([old.client], 401)).toEqual([{ day, outcome: 'call', count: 1 }])
    now = (day + 401) * DAY
    await usage.sweep()
    expect(await usage.days([old.client], 500)).toEqual([])
  })

  it('is written when the process ends', async () => {
    const [usage, one] = [open(), token()]
    usage.call(one, '', now)
    await usage.close()
    expect((await open().spans([one.grant])).get(one.grant)?.calls).toBe(1)
  })

  it('of a real call shows where it came from and when', async () => {
    const app = await register(provider)
    const user = await person(provider)
    const { access } = await connect(provider, await new Browser(provider).signIn(user), app)
    await me(provider, access)
    await me(provider, access)
    const grant = (await provider.grants.list(user, app.id))[0]!
    expect((await provider.oauth.usage.spans([grant.id])).get(grant.id)?.calls).toBe(2)
    expect((await provider.oauth.usage.networks([grant.id])).map(({ network }) => network)).toEqual(['127.0.0'])
    expect((await provider.oauth.usage.networks([app.id])).map(({ network }) => network)).toEqual(['127.0.0'])
  })
})
