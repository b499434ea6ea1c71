import { describe, expect, it } from 'vitest'
import type { Authenticator } from '../../http/exchange.ts'
import { ADMINISTRATOR, type Principal } from '../../policy/principal.ts'
import type { SiteSettings } from '../settings.ts'
import { hashOf } from '../token-text.ts'
import type { Counted } from '../usage/usage.ts'
import type { Allowance } from './bucket.ts'
import { Budgets, type Spender } from './budgets.ts'
import { withBudget } from './with-budget.ts'

const SECOND = 1_000_000
const allowance = (requestsPerSecond = 0, concurrentRequests = 0): Allowance => ({ requestsPerSecond, concurrentRequests })
const token = (client: string, text = `token of ${client}`): Counted => ({ client, grant: 'g', hash: hashOf(text) })

/** Budgets of a site with these limits, by a clock of its own. */
function open(site: Allowance = allowance()) {
  const refused: Counted[] = []
  const clock = { now: 1000 * SECOND }
  const budgets = new Budgets({
    settings: { read: async () => site as SiteSettings },
    now: () => clock.now,
    onRefused: (counted) => void refused.push(counted),
  })
  const spend = async (user: string, more: Omit<Spender, 'user'> = {}): Promise<() => void> => budgets.spend({ user, ...more })
  return { budgets, spend, refused, clock }
}

const fault = (whose: string, words: string, seconds: number): object => ({
  status: 429,
  excType: 'TooManyRequestsError',
  message: `The budget of ${whose} is used up: ${words}; wait ${seconds} s and try again`,
  options: { headers: { 'retry-after': String(seconds) } },
})

describe('a budget that is used up', () => {
  it.each<[what: string, own: Allowance, site: Allowance, taken: number, fault: object]>([
    ['of an app', allowance(2), allowance(), 2, fault('this app', '2 requests a second', 1)],
    ['of an app, at a time', allowance(0, 1), allowance(), 1, fault('this app', '1 at a time', 1)],
    ['of an app, both', allowance(3, 1), allowance(), 1, fault('this app', '3 requests a second, 1 at a time', 1)],
    ['of the site, for an app that has none of its own', allowance(), allowance(2), 2, fault('this app', '2 requests a second', 1)],
    ['of the site, for an app that may do more', allowance(5), allowance(2), 2, fault('this user', '2 requests a second', 1)],
    [
      'of the app, where the site allows more',
      allowance(2, 0),
      allowance(5, 3),
      2,
      fault('this app', '2 requests a second, 3 at a time', 1),
    ],
  ])('%s says whose it is, how much it allows, and when to come again', async (_what, own, site, taken, said) => {
    const { spend } = open(site)
    for (let call = 0; call < taken; call += 1) await spend('ann', { token: token('c'), own })
    await expect(spend('ann', { token: token('c'), own })).rejects.toMatchObject(said)
  })

  it('is the user’s alone for an API key, and nobody’s where none is set', async () => {
    const { spend, refused } = open(allowance(1))
    await spend('ann', { own: allowance(9) })
    await expect(spend('ann', { own: allowance(9) })).rejects.toMatchObject(fault('this user', '1 requests a second', 1))
    expect(refused).toEqual([])
    const free = open()
    for (let call = 0; call < 9; call += 1) (await free.spend('ann', { token: token('c') }))()
  })

  it('is remembered of its token until there is room again, told each time, and refused without the settings', async () => {
    const { budgets, spend, refused, clock } = open()
    const mine = token('c', 'mine')
    const call = (): Promise<() => void> => spend('ann', { token: mine, own: allowance(1) })
    await call()
    budgets.check('Bearer mine')
    await expect(call()).rejects.toMatchObject({ status: 429 })
    expect(refused).toEqual([mine])
    for (const authorization of [undefined, 'Bearer other', 'Basic mine', 'mine', 'Bearer mine more', 'x Bearer mine', 'Bearer mine,'])
      expect(() => budgets.check(authorization)).not.toThrow()
    expect(refused).toEqual([mine])
    for (const authorization of ['Bearer mine', 'bearer mine'])
      expect(() => budgets.check(authorization)).toThrow('The budget of this app is used up: 1 requests a second; wait 1 s and try again')
    expect(refused).toEqual([mine, mine, mine])
    clock.now += SECOND
    budgets.check('Bearer mine')
    clock.now -= SECOND
    await call()
    budgets.check('Bearer mine')
    expect(refused).toEqual([mine, mine, mine])
  })

  it('is remembered of a thousand tokens, and then of new ones', async () => {
    const { budgets, spend } = open()
    const own = allowance(1)
    await spend('ann', { token: token('c'), own })
    const refuse = (number: number): Promise<void> =>
      expect(spend('ann', { token: token('c', `t${number}`), own })).rejects.toMatchObject({ status: 429 })
    const isHeld = (number: number): boolean => {
      try {
        budgets.check(`Bearer t${number}`)
        return false
      } catch {
        return true
      }
    }
    for (let number = 0; number < 1000; number += 1) await refuse(number)
    expect([isHeld(0), isHeld(999)]).toEqual([true, true])
    await refuse(1000)
    expect([isHeld(0), isHeld(999), isHeld(1000)]).toEqual([false, false, true])
  })

  it('of an app at an endpoint is used up by its calls, and holds nothing', async () => {
    const { budgets, refused } = open(allowance(9, 1))
    const call = async (client: string): Promise<void> => budgets.spendOfClient(client, allowance(2))
    await call('c')
    await call('c')
    await expect(call('c')).rejects.toMatchObject(fault('this app', '2 requests a second, 1 at a time', 1))
    await call('other')
    expect(refused).toEqual([])
  })

  it('is kept for as long as it is not full again, however many others there are', async () => {
    const { budgets, clock } = open(allowance(1))
    const call = async (client: string): Promise<void> => budgets.spendOfClient(client, allowance())
    for (let number = 0; number < 9_999; number += 1) await call(`old ${number}`)
    clock.now += 1.5 * SECOND
    await call('young')
    await call('one more')
    await expect(call('young')).rejects.toMatchObject({ status: 429 })
    await expect(call('one more')).rejects.toMatchObject({ status: 429 })
    clock.now -= 1.5 * SECOND
    await call('old 0')
  })

  it('is not forgotten while nobody needs the room', async () => {
    const { budgets, clock } = open(allowance(1))
    const call = async (client: string): Promise<void> => budgets.spendOfClient(client, allowance())
    await call('old')
    clock.now += 1.5 * SECOND
    await call('young')
    clock.now -= 1.5 * SECOND
    await expect(call('old')).rejects.toMatchObject({ status: 429 })
  })
})

describe('an API key', () => {
  const known = { caller: { ...ADMINISTRATOR, user: 'ann' } }
  const authenticate = (authenticator: Authenticator<Principal>, budgets: Pick<Budgets, 'spend'>) =>
    withBudget(authenticator, budgets)({} as Parameters<Authenticator<Principal>>[0])

  it('uses its user’s budget up, once it is known', async () => {
    const { budgets, spend } = open(allowance(1))
    const caller = await authenticate(async () => known, budgets)
    expect(caller?.caller).toBe(known.caller)
    await caller?.enter?.()
    await expect(caller?.enter?.()).rejects.toMatchObject({ status: 429 })
    await expect(spend('ann')).rejects.toMatchObject({ status: 429 })
  })

  it('that nobody knows uses nothing up', async () => {
    expect(await authenticate(async () => undefined, open().budgets)).toBeUndefined()
  })
})
