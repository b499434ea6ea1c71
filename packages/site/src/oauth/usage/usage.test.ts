import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { plansOf } from '../../../../../tests/support/query-plans.ts'
import { Browser, connect, me, person, register } from '../testing/app.fixture.ts'
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
    expect((await usage.details([one.client], 1)).map(({ what }) => what)).toEqual(['', 'read Customer', 'list Item'])
    expect(await usage.sums([one.grant], 1)).toEqual([
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
