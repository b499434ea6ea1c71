import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { PASSWORD, callersOf, type Reply } from '../callers.fixture.ts'
import { openIdentityHouse, type IdentityHouse } from '../identity.fixture.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

describe.each(engines)('one password tried from many addresses, on %s', (engine) => {
  let house: IdentityHouse
  beforeAll(async () => {
    house = await openIdentityHouse(engine)
  })
  afterAll(() => house.close())

  const { signIn, person } = callersOf(() => house)
  const from = (user: string, ip: string, password = PASSWORD): Promise<Reply> =>
    signIn(user, password, { 'x-forwarded-for': ip, 'user-agent': FIREFOX })
  /** Each from an address of its own, many at once. */
  const attack = async (user: string, times: number): Promise<number[]> =>
    (await Promise.all(Array.from({ length: times }, (_, i) => from(user, `198.18.${i}.1`, 'wrong')))).map(({ status }) => status)
  const count = (statuses: readonly number[], status: number): number => statuses.filter((one) => one === status).length

  it('is refused after fifty, also when right, while its user gets in where they have signed in before', async () => {
    const [user, other] = [await person(), await person()]
    expect((await from(user, '203.0.113.7')).status).toBe(200)
    const statuses = await attack(user, 60)
    expect([count(statuses, 401), count(statuses, 429)]).toEqual([50, 10])
    const right = await from(user, '198.19.0.1')
    expect(right.status).toBe(429)
    expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(300)
    expect(right.text).toContain('Too many wrong passwords for this user')
    for (let i = 0; i < 3; i += 1) expect((await from(user, '203.0.113.7')).status).toBe(200)
    expect((await from(user, '203.0.113.7', 'wrong')).status).toBe(401)
    expect((await from(user, '198.19.0.1')).status).toBe(429)
    expect((await from(other, '198.19.0.1')).status).toBe(200)
  })

  it('gets the same answer for a user that does not exist', async () => {
    const statuses = await attack('nobody@example.com', 60)
    expect([count(statuses, 401), count(statuses, 429)]).toEqual([50, 10])
    expect((await from('nobody@example.com', '198.19.0.1')).text).toContain('Too many wrong passwords for this user')
  })

  it('is not counted when it is right', async () => {
    const user = await person()
    for (let i = 0; i < 55; i += 1) expect((await from(user, `198.18.${i}.1`)).status).toBe(200)
  })
})
