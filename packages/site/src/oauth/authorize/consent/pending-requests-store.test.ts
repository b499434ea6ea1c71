import { describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import type { PendingRequestRow } from '../../storage/oauth-tables.ts'
import { useRounds } from '../../storage/stores.fixture.ts'
import { consumePending, insertPending, readPending } from './pending-requests-store.ts'

const NOW = 1000

describe.each(engines)('the store of open consent pages, on %s', (engine) => {
  const round = useRounds(engine)
  const { connection, id } = round
  const pending = (name: string, values: Partial<PendingRequestRow> = {}): PendingRequestRow => ({
    hash: id(name),
    session: id('session'),
    user: round.ann,
    client: round.app,
    request: '{}',
    created: 1,
    expires: NOW + 1,
    ...values,
  })

  it('gives one to its session and its user, in time, once', async () => {
    const row = pending('one')
    await insertPending(connection(), row)
    const read = (values: Partial<PendingRequestRow> = {}, now = NOW) => readPending(connection(), { ...row, ...values }, now)
    expect(await read()).toEqual(row)
    for (const stranger of [{ session: 'other' }, { user: 'bob' }, { hash: 'none' }]) expect(await read(stranger)).toBeUndefined()
    expect(await read({}, NOW + 1)).toBeUndefined()
    expect([await consumePending(connection(), 'none'), await consumePending(connection(), row.hash)]).toEqual([false, true])
    expect(await consumePending(connection(), row.hash)).toBe(false)
  })

  it('keeps twenty of a session, the newest', async () => {
    await insertPending(connection(), pending('elsewhere', { session: id('other'), created: 0 }))
    for (let count = 1; count <= 21; count += 1) await insertPending(connection(), pending(`p${count}`, { created: count }))
    const kept = []
    for (const name of ['elsewhere', 'p1', 'p2', 'p21']) kept.push(await consumePending(connection(), id(name)))
    expect(kept).toEqual([true, false, true, true])
  })
})
