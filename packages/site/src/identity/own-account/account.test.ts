import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { openIdentityHouse, type IdentityHouse } from '../identity.fixture.ts'
import { Visitor } from './visitor.fixture.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

describe.each(engines)('where one is signed in, on %s', (engine) => {
  let house: IdentityHouse
  beforeAll(async () => {
    house = await openIdentityHouse(engine)
  })
  afterAll(() => house.close())

  /** A new person, signed in by two browsers. */
  async function twoBrowsers(): Promise<{ first: Visitor; second: Visitor; user: string }> {
    const user = await Visitor.person(house)
    const [first, second] = [new Visitor(house.base), new Visitor(house.base, { 'user-agent': FIREFOX })]
    for (const browser of [first, second]) await browser.signIn(user)
    return { first, second, user }
  }
  const idsOf = (page: string): string[] => [...page.matchAll(/name="session" value="([^"]+)"/g)].map(([, id]) => String(id))

  it('is shown with browser, address and times, this one marked, and without the secret of any', async () => {
    const { first, second } = await twoBrowsers()
    const { text } = await second.get('/account')
    expect(text).toContain('Firefox on Linux <span class="tag">This browser</span>')
    expect(text).toMatch(/Another program<\/h3>[^]*127\.0\.0\.1/)
    expect(idsOf(text)).toHaveLength(2)
    for (const { sid } of [first, second]) expect(text).not.toContain(sid)
  })

  it('ends one by one, and one’s own by being signed out', async () => {
    const { first, second } = await twoBrowsers()
    const { text } = await first.get('/account')
    const [own, other] = [first.sessionHash(), second.sessionHash()]
    expect(idsOf(text).toSorted()).toEqual([own, other].toSorted())
    expect(await first.post('/account/end-session', { session: other })).toMatchObject({ status: 303, location: '/account' })
    expect([await second.user(), (await first.post('/account/end-session', { session: other })).status]).toEqual(['Guest', 404])
    expect(await first.post('/account/end-session', { session: own })).toMatchObject({ status: 303, location: '/login' })
    expect(await first.user()).toBe('Guest')
  })

  it('everywhere else ends at once, and the grants stay', async () => {
    const { first, second, user } = await twoBrowsers()
    expect(await first.post('/account/end-others')).toMatchObject({ status: 303, location: '/account' })
    expect([await first.user(), await second.user(), house.revoked.includes(user)]).toEqual([user, 'Guest', false])
  })

  it('ends everywhere, with what apps were allowed', async () => {
    const { first, second, user } = await twoBrowsers()
    expect(await first.post('/account/end-all')).toMatchObject({ status: 303, location: '/login' })
    expect([await first.user(), await second.user(), house.revoked.includes(user)]).toEqual(['Guest', 'Guest', true])
  })

  it('is nobody else’s to see or to end, and needs the form of the session', async () => {
    const [mine, theirs] = [await twoBrowsers(), await twoBrowsers()]
    const foreign = theirs.first.sessionHash()
    expect((await mine.first.get('/account')).text).not.toContain(foreign)
    expect((await mine.first.post('/account/end-session', { session: foreign })).status).toBe(404)
    expect(await theirs.first.user()).toBe(theirs.user)
    expect((await mine.first.post('/account/end-all', { csrf_token: 'forged' })).status).toBe(400)
    expect(await mine.second.user()).toBe(mine.user)
    const guest = new Visitor(house.base)
    expect((await guest.get('/account')).location).toBe('/login?redirect-to=%2Faccount')
    expect((await guest.post('/account/end-all')).status).toBe(400)
  })
})
