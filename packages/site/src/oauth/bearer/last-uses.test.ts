import type { Database } from '@annex/database'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { insertGrant } from '../grants/grants-store.ts'
import type { OAuthTables } from '../storage/oauth-tables.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { LastUses } from './last-uses.ts'

const ids = Array.from({ length: 150 }, (_, index) => `grant-${String(index).padStart(3, '0')}`)
const GRANT = {
  client: 'app',
  user: 'ann',
  requested: '',
  granted: '',
  rejected: '',
  doctype_ids: '{}',
  filters: null,
  sets: null,
  details: null,
  resource: null,
  session: null,
  kind: null,
  auth_time: 1,
  created: 1,
  expires: 1,
  last_used: 1,
  revoked_at: null,
  reason: null,
}

describe.each(engines)('when grants were used, on %s', (engine) => {
  let provider: Provider
  /** How many transactions go through; the one behind them fails. */
  let through: number
  let uses: LastUses
  let faults: unknown[]

  beforeEach(async () => {
    provider = await openProvider(engine)
    for (const id of ids) await insertGrant(provider.database.connection, { ...GRANT, id })
    through = Infinity
    const transaction: Database['transaction'] = (work, options) => {
      through -= 1
      return through < 0 ? Promise.reject(new Error('the disk is full')) : provider.database.transaction(work, options)
    }
    faults = []
    uses = new LastUses({ transaction } as Database, (error) => void faults.push(error))
  })
  afterEach(() => provider.close())

  const written = async (time: number): Promise<string[]> => {
    const db = provider.database.connection.withTables<OAuthTables>()
    const rows = await db.selectFrom('oauth_grant').select('id').where('last_used', '=', time).orderBy('id').execute()
    return rows.map(({ id }) => id)
  }

  it('is written in parts, in the order of their ids, and what could not be written is remembered', async () => {
    for (const id of ids.toReversed()) uses.note(id, 7)
    through = 1
    await expect(uses.flush()).rejects.toThrow('the disk is full')
    expect(await written(7)).toEqual(ids.slice(0, 64))
    through = Infinity
    uses.note(ids[0]!, 9)
    await uses.flush()
    expect(await written(7)).toEqual(ids.slice(1))
    expect(await written(9)).toEqual(ids.slice(0, 1))
  })

  it('is all written when two ask for it at once, and the second waits for the first', async () => {
    for (const id of ids) uses.note(id, 7)
    void uses.flush()
    await uses.flush()
    expect(await written(7)).toEqual(ids)
  })

  it('is written once, and what is noted while it is written is kept for the next time', async () => {
    uses.note(ids[0]!, 7)
    uses.note(ids[1]!, 7)
    const writing = uses.flush()
    uses.note(ids[1]!, 8)
    await writing
    await uses.flush()
    expect([await written(7), await written(8)]).toEqual([ids.slice(0, 1), ids.slice(1, 2)])
    through = 0
    await uses.flush()
    expect(through).toBe(0)
  })

  it('is written a minute after the first note, and a fault of that is told', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      uses.note(ids[0]!, 7)
      vi.advanceTimersByTime(59_000)
      uses.note(ids[1]!, 7)
      vi.advanceTimersByTime(999)
      expect(await written(7)).toEqual([])
      vi.advanceTimersByTime(1)
      await vi.waitFor(async () => expect(await written(7)).toEqual(ids.slice(0, 2)))
      uses.note(ids[2]!, 8)
      vi.advanceTimersByTime(60_000)
      await vi.waitFor(async () => expect(await written(8)).toEqual(ids.slice(2, 3)))
      expect(faults).toEqual([])
      through = 0
      uses.note(ids[3]!, 9)
      vi.advanceTimersByTime(60_000)
      await vi.waitFor(() => expect(faults).toEqual([new Error('the disk is full')]))
    } finally {
      vi.useRealTimers()
    }
  })
})
