import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { plansOf } from '../../../../../tests/support/query-plans.ts'
import { Browser, connect, me, person, register } from '../testing/app.fixture.ts'
import { watched } from '../testing/failing-database.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { DAY, token } from './counted.fixture.ts'
import { Usage } from './usage.ts'

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
    const spans = await usage.spans([one.client, one.grant, one.hash, 'nobody'])
    const tokens = await usage.tokenSpans([one.hash, 'another', one.grant, 'nobody'])
    expect(spans.get(one.client)).toEqual({ subject: one.client, first_used: first, last_used: now, calls: 2 })
    expect(spans.get(one.grant)).toMatchObject({ first_used: first, last_used: now, calls: 2 })
    expect([...spans.keys()].toSorted()).toEqual([one.client, one.grant].toSorted())
    expect([...tokens.keys()].toSorted()).toEqual(['another', one.hash].toSorted())
    expect(tokens.get(one.hash)).toEqual({ subject: one.hash, first_used: first, last_used: first, calls: 1 })
    expect(tokens.get('another')).toMatchObject({ first_used: now, last_used: now, calls: 1 })
  })

  it('of one token is counted by day, DocType and right, with each refusal’s reason, apart from the others of its grant', async () => {
    const [usage, elsewhere] = [open(), open()]
    const one = token()
    const other = { ...one, hash: `${one.hash} too` }
    const [day, first] = [Math.floor(now / DAY), now]
    for (const each of [one, one, other]) {
      usage.call(each, '', now)
      usage.used(each, 'Item', 'read')
    }
    usage.used(one, 'Item', 'write')
    usage.refused(one, 'scope', 'list Deal', 'Deal:read')
    await usage.flush()
    now += DAY
    usage.call(one, '', now)
    elsewhere.call(one, '', now + 1)
    usage.used(one, 'Item', 'read')
    elsewhere.refused(one, 'limit')
    await elsewhere.flush()
    const shown = async (hash: string): Promise<unknown[]> =>
      (await usage.ofToken(hash))
        .map((row) => [row.day - day, row.outcome, row.what, row.right, row.count, row.first_used, row.last_used])
        .toSorted((a, b) => (String(a) < String(b) ? -1 : 1))
    expect(await shown(one.hash)).toEqual([
      [0, 'call', '', '', 2, first, first],
      [0, 'scope', 'list Deal', 'Deal:read', 1, null, null],
      [0, 'used', 'Item', 'read', 2, null, null],
      [0, 'used', 'Item', 'write', 1, null, null],
      [1, 'call', '', '', 2, now + 1, now + 1],
      [1, 'limit', '', '', 1, null, null],
      [1, 'used', 'Item', 'read', 1, null, null],
    ])
    expect(await shown(other.hash)).toEqual([
      [0, 'call', '', '', 1, first, first],
      [0, 'used', 'Item', 'read', 1, null, null],
    ])
    expect((await usage.tokenSpans([one.hash])).get(one.hash)).toMatchObject({ first_used: first, last_used: now + 1, calls: 4 })
  })

  it('of a token is there as long as any token of its day may be, and is removed soon after, in small batches', async () => {
    const usage = open()
    const one = token()
    // Issued as a day begins, and used until a day later, as it ends: no access token lives longer.
    now = Math.ceil(now / DAY) * DAY + DAY - 1
    usage.call(one, '', now)
    for (let number = 0; number < 700; number += 1) usage.used({ ...one, hash: `${one.hash} ${number}` }, 'Item', 'read')
    now += DAY
    await usage.flush()
    await usage.sweep()
    expect((await usage.tokenSpans([one.hash])).get(one.hash)).toMatchObject({ calls: 1 })
    // Its row is removed a day after its end.
    now += DAY
    await usage.sweep()
    const count = async (): Promise<number> =>
      Number(
        (
          await sql<{ n: number }>`select count(*) as n from oauth_use_token where token like ${`${one.hash}%`}`.execute(
            provider.database.connection,
          )
        ).rows[0]?.n,
      )
    expect(await count()).toBe(701)
    now += DAY
    let statements = 0
    const database = watched(provider.database, () => void (statements += 1))
    await new Usage({ database, now: () => now, onFault: () => undefined }).sweep()
    expect(await count()).toBe(0)
    // One for each of the four tables, twice at least: five hundred rows go at once.
    expect(statements).toBeGreaterThanOrEqual(8)
    expect(await usage.sums([one.grant], 5)).toEqual([
      { outcome: 'call', what: '', right: '', count: 1 },
      { outcome: 'used', what: 'Item', right: 'read', count: 700 },
    ])
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

  it('is found by an index, however much there is of it', async () => {
    const usage = open()
    const plans = await plansOf(provider.database, async () => {
      await usage.days(['client-1'], 30)
      await usage.details(['client-1', 'grant-1'], 30)
      await usage.sums(['client-1', 'grant-1'], 30)
      await usage.spans(['client-1'])
      await usage.networks(['grant-1'])
      await usage.ofToken('hash-1')
      await usage.tokenSpans(['hash-1', 'hash-2'])
    })
    expect(plans).toHaveLength(7)
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
    expect([(await usage.spans([])).size, (await usage.tokenSpans([])).size]).toEqual([0, 0])
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
