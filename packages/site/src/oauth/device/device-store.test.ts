import { describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import type { DeviceRow } from '../storage/oauth-tables.ts'
import { useRounds } from '../storage/stores.fixture.ts'
import {
  claimDevice,
  consumeDevice,
  endDevice,
  insertDevice,
  nameGrant,
  noteQuestion,
  readDevice,
  settleDevice,
  slowDevice,
} from './device-store.ts'

const NOW = 1000

describe.each(engines)('a device that waits, on %s', (engine) => {
  const round = useRounds(engine)
  const { connection, id } = round
  const device = async (name: string, values: Partial<DeviceRow> = {}): Promise<DeviceRow> => {
    const row: DeviceRow = {
      hash: id(name),
      user_code: id(`${name} shown`),
      client: round.app,
      scopes: '',
      resource: null,
      created: 1,
      expires: NOW + 1,
      pace: 5,
      polled_at: null,
      user: null,
      state: 'open',
      grant_id: null,
      ...values,
    }
    expect(await insertDevice(connection(), row)).toBe(true)
    return row
  }

  it('is kept, and no second device with its code', async () => {
    const first = await device('first')
    expect(await insertDevice(connection(), { ...first, hash: id('second') })).toBe(false)
    expect(await readDevice(connection(), id('second'))).toBeUndefined()
    expect(await readDevice(connection(), first.hash)).toEqual(first)
  })

  it('gives one that waits to who opens it first, by any of the codes it may be stored as', async () => {
    const one = await device('one')
    await device('other')
    const claim = async (user: string, codes = ['none', one.user_code]): Promise<string | undefined> =>
      (await claimDevice(connection(), codes, user, NOW))?.hash
    expect([await claim(round.ann), await claim(id('bob')), await claim(round.ann), await claim(round.ann, ['none'])]).toEqual([
      one.hash,
      undefined,
      one.hash,
      undefined,
    ])
    expect(await readDevice(connection(), id('other'))).toMatchObject({ user: null })
    for (const values of [{ expires: NOW }, { state: 'denied' }, { state: 'allowed' }, { state: 'used' }] as const) {
      const dead = await device(JSON.stringify(values), values)
      expect(await claim(round.ann, [dead.user_code])).toBeUndefined()
    }
  })

  it('settles one that waits for its user, once and in time', async () => {
    const settle = (hash: string, user = round.ann): Promise<boolean> => settleDevice(connection(), { hash, user }, 'allowed', NOW)
    const [mine, theirs, late, denied] = [
      await device('mine', { user: round.ann }),
      await device('theirs', { user: id('bob') }),
      await device('late', { user: round.ann, expires: NOW }),
      await device('denied', { user: round.ann, state: 'denied' }),
    ]
    const settled = []
    for (const { hash } of [mine, mine, theirs, late, denied]) settled.push(await settle(hash))
    expect(settled).toEqual([true, false, false, false, false])
    await nameGrant(connection(), mine.hash, 'the grant')
    expect(await readDevice(connection(), mine.hash)).toMatchObject({ state: 'allowed', grant_id: 'the grant' })
    expect(await readDevice(connection(), theirs.hash)).toMatchObject({ state: 'open', grant_id: null })
  })

  it('is used up once and in time, when it was allowed', async () => {
    const [good, late, open] = [
      await device('good', { state: 'allowed' }),
      await device('late', { state: 'allowed', expires: NOW }),
      await device('open'),
    ]
    const used = []
    for (const { hash } of [good, good, late, open]) used.push(await consumeDevice(connection(), hash, NOW))
    expect(used).toEqual([true, false, false, false])
    expect(await readDevice(connection(), good.hash)).toMatchObject({ state: 'used' })
    expect(await readDevice(connection(), late.hash)).toMatchObject({ state: 'allowed' })
  })

  it('ends one that waits, whose code somebody guessed', async () => {
    const [open, other, allowed, late] = [
      await device('open'),
      await device('other'),
      await device('allowed', { state: 'allowed' }),
      await device('late', { expires: NOW - 5 }),
    ]
    const ended = []
    for (const codes of [[open.user_code, 'none'], [allowed.user_code], [late.user_code], ['none']])
      ended.push(await endDevice(connection(), codes, NOW))
    expect(ended).toEqual([true, false, false, false])
    const ends = []
    for (const { hash } of [open, other, allowed, late]) ends.push((await readDevice(connection(), hash))?.expires)
    expect(ends).toEqual([NOW, NOW + 1, NOW + 1, NOW - 5])
  })

  it('notes a question that is not too soon, with some patience, and slows down one that is', async () => {
    const one = await device('one')
    await device('other')
    const second = 1_000_000
    expect(await noteQuestion(connection(), one, second, 100)).toBe(true)
    expect(await noteQuestion(connection(), one, 6 * second - 101, 100)).toBe(false)
    expect(await readDevice(connection(), one.hash)).toMatchObject({ polled_at: second })
    expect(await noteQuestion(connection(), one, 6 * second - 100, 100)).toBe(true)
    await slowDevice(connection(), one.hash, 5, 7 * second)
    expect(await readDevice(connection(), one.hash)).toMatchObject({ pace: 10, polled_at: 7 * second })
    expect(await readDevice(connection(), id('other'))).toMatchObject({ pace: 5, polled_at: null })
  })
})
