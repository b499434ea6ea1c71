import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { watched } from '../testing/failing-database.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { DAY, token } from './counted.fixture.ts'
import { Usage } from './usage.ts'

describe.each(engines)('how the usage of apps is kept, on %s:', (engine) => {
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

  it('never moves a last use back, whoever writes last', async () => {
    const [here, there, one] = [open(), open(), token()]
    here.call(one, '10.0.0.1', now)
    there.call(one, '10.0.0.1', now - 1000)
    await here.flush()
    await there.flush()
    expect((await here.spans([one.grant])).get(one.grant)).toMatchObject({ last_used: now, calls: 2 })
    expect(await here.networks([one.grant])).toMatchObject([{ network: '10.0.0', last_used: now, calls: 2 }])
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

  it('is put off by nothing that is counted meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const [usage, one] = [open(), token()]
      usage.call(one, '', now)
      vi.advanceTimersByTime(4999)
      usage.call(one, '', now)
      vi.advanceTimersByTime(1)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  it('is written in one order by every process, in whatever order it was counted', async () => {
    const tables = async (reversed: boolean): Promise<unknown[]> => {
      const written: unknown[] = []
      const database = watched(provider.database, (node) => void (node.kind === 'InsertQueryNode' && written.push(node.values)))
      const usage = new Usage({ database, now: () => now, onFault: () => undefined })
      const notes = ['b', 'a', 'c'].flatMap((name) => {
        const one = { client: 'order', grant: `order ${name}`, hash: `order ${name}` }
        return [
          ...['10.0.2.1', '10.0.1.1', '10.0.3.1'].map((ip) => () => usage.call(one, ip, now)),
          ...['B', 'A'].flatMap((what) => ['write', 'read'].map((right) => () => usage.used(one, what, right))),
          () => usage.refused(one, 'scope', 'list A', 'A:read'),
          () => usage.refused(one, 'permission', 'list A'),
        ]
      })
      for (const note of reversed ? notes.toReversed() : notes) note()
      await usage.flush()
      return written
    }
    const written = await tables(false)
    expect(written.length).toBeGreaterThan(3)
    expect(await tables(true)).toEqual(written)
  })

  it('is written at once when there is much of it, and what is far too much is not counted', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const [usage, { client }] = [open(), token()]
      for (let number = 0; number <= 20_000; number += 1) {
        usage.used({ client, grant: `${client} ${number}`, hash: `${client} ${number}` }, 'Item', 'read')
      }
      for (const note of [
        () => usage.call({ client, grant: client, hash: client }, '10.0.0.1', now),
        () => usage.refused({ client, grant: client, hash: client }, 'limit'),
        () => usage.secretUsed(client, '10.0.0.1'),
      ])
        expect(note).not.toThrow()
      vi.advanceTimersByTime(1)
      expect(vi.getTimerCount()).toBe(0)
      expect(await usage.networks([client])).toEqual([])
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
})
