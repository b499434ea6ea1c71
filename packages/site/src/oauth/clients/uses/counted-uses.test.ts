import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { register } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'
import { listUses, removeUses } from './client-uses-store.ts'
import { ClientUses } from './client-uses.ts'

const DAY = 86_400_000_000

describe.each(engines)('the uses of an exception, on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())
  afterEach(() => void vi.useRealTimers())

  const stored = (client: string) => listUses(provider.database.connection, client)
  const trail = (client: string) => provider.trail.latest({ client, event: 'oauth.legacy.used' }, 10)
  const usesAt = (now: () => number, faults: unknown[] = []): ClientUses =>
    new ClientUses({ ...provider, now, onFault: (error) => void faults.push(error) })

  it('are counted by kind and by app, with the time of the last one', async () => {
    const [one, other] = [await register(provider), await register(provider)]
    let time = 5 * DAY
    const uses = usesAt(() => (time += 1))
    uses.note(one.id, 'shortVerifier')
    uses.note(one.id, 'tokenDocument')
    uses.note(other.id, 'tokenDocument')
    uses.note(one.id, 'tokenDocument')
    expect(await uses.list(one.id)).toEqual([
      { kind: 'shortVerifier', count: 1, lastUsed: 5 * DAY + 1 },
      { kind: 'tokenDocument', count: 2, lastUsed: 5 * DAY + 4 },
    ])
    uses.note(one.id, 'tokenDocument')
    expect(await uses.list(one.id)).toMatchObject([{}, { kind: 'tokenDocument', count: 3, lastUsed: 5 * DAY + 5 }])
    expect(await uses.list(other.id)).toEqual([{ kind: 'tokenDocument', count: 1, lastUsed: 5 * DAY + 3 }])
    await removeUses(provider.database.connection, one.id)
    expect([await stored(one.id), (await stored(other.id)).length]).toEqual([[], 1])
  })

  it('are one count of several processes, that write at the same time too, and one row in the trail', async () => {
    const { id } = await register(provider)
    const processes = [1, 2, 3].map((more) => usesAt(() => 9 * DAY + more))
    for (const uses of processes) {
      uses.note(id, 'tokenDocument')
      uses.note(id, 'tokenDocument')
    }
    await Promise.all(processes.map((uses) => uses.flush()))
    expect(await stored(id)).toEqual([{ kind: 'tokenDocument', count: 6, lastUsed: 9 * DAY + 3 }])
    const early = usesAt(() => 9 * DAY)
    early.note(id, 'tokenDocument')
    await early.flush()
    expect(await stored(id)).toEqual([{ kind: 'tokenDocument', count: 7, lastUsed: 9 * DAY + 3 }])
    expect(await trail(id)).toHaveLength(1)
  })

  it('stand in the trail once a day, with the last address that is known', async () => {
    const { id } = await register(provider)
    let time = 7 * DAY
    const uses = usesAt(() => time)
    uses.note(id, 'hs256IdToken', '192.0.2.1')
    uses.note(id, 'hs256IdToken', '192.0.2.2')
    uses.note(id, 'hs256IdToken')
    await uses.flush()
    uses.note(id, 'hs256IdToken', '192.0.2.3')
    await uses.flush()
    expect(await trail(id)).toMatchObject([{ user: null, ip: '192.0.2.2', detail: { kind: 'hs256IdToken' } }])
    time += DAY - 1
    uses.note(id, 'hs256IdToken')
    await uses.flush()
    expect(await trail(id)).toHaveLength(1)
    time += 1
    uses.note(id, 'hs256IdToken')
    await uses.flush()
    expect(await trail(id)).toHaveLength(2)
    expect(await stored(id)).toMatchObject([{ count: 6, lastUsed: 8 * DAY }])
  })

  it('are written after a minute, in one go', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { id } = await register(provider)
    const uses = usesAt(provider.now)
    uses.note(id, 'tokenDocument')
    uses.note(id, 'tokenDocument')
    vi.advanceTimersByTime(59_999)
    expect(await stored(id)).toEqual([])
    vi.advanceTimersByTime(1)
    vi.useRealTimers()
    await vi.waitFor(async () => expect(await stored(id)).toMatchObject([{ count: 2 }]))
    await uses.flush()
    expect(await stored(id)).toMatchObject([{ count: 2 }])
  })

  it('that cannot be written are told of', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const faults: unknown[] = []
    const fault = new Error('no more room')
    const database = { ...provider.database, transaction: () => Promise.reject(fault) } as Provider['database']
    const uses = new ClientUses({ ...provider, database, onFault: (error) => void faults.push(error) })
    uses.note('x', 'tokenDocument')
    vi.advanceTimersByTime(60_000)
    vi.useRealTimers()
    await vi.waitFor(() => expect(faults).toEqual([fault]))
  })

  it('are remembered for ten thousand at a time, and no more', async () => {
    const uses = usesAt(provider.now)
    for (let i = 0; i < 10_001; i += 1) uses.note(`app${i}`, 'tokenDocument')
    uses.note('app0', 'tokenDocument')
    await uses.flush()
    expect(await stored('app0')).toMatchObject([{ count: 2 }])
    expect(await stored('app9999')).toHaveLength(1)
    expect(await stored('app10000')).toEqual([])
  }, 120_000)

  it('are for System Managers to see', async () => {
    expect(await provider.oauth.clients.listUses(ADMINISTRATOR, 'nobody')).toEqual([])
  })
})
