import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR, type Principal } from '../../policy/principal.ts'
import { openIdentityHouse, type IdentityHouse } from '../identity.fixture.ts'
import { insertSocialIdentity, listSocialIdentities } from '../social/social-store.ts'
import { PASSWORD, Visitor, type Page } from './visitor.fixture.ts'

const UNTIE = '/account/untie'
const HOUSE = 'https://house.example.com'
const CLUB = 'https://club.example.com/'
const OFF = 'https://off.example.com'
const RECENT = 601

describe.each(engines)('the sites that one signs in by, on %s', (engine) => {
  let house: IdentityHouse
  beforeAll(async () => {
    house = await openIdentityHouse(engine)
    for (const [provider_name, base_url, enable_social_login] of [
      ['House', HOUSE, 1],
      ['Club', CLUB.slice(0, -1), 1],
      ['Closed', OFF, 0],
    ])
      await house.documents.insert(ADMINISTRATOR, 'Social Login Key', [
        { provider_name, base_url, enable_social_login, client_id: 'annex', client_secret: 'a secret' },
      ])
  })
  afterAll(() => house.close())

  let tied = 0
  /** Somebody with a session, whom these providers know; without a password unless one is given. */
  async function known(
    issuers: readonly string[],
    values: object = { new_password: undefined },
  ): Promise<{ user: string; browser: Visitor }> {
    const user = await Visitor.person(house, values as Record<string, unknown>)
    const browser = new Visitor(house.base)
    await house.database.transaction(async (connection) => {
      for (const issuer of issuers)
        await insertSocialIdentity(connection, { issuer, sub: `s${(tied += 1)}`, user, created: 1_700_000_000_000_000 + tied })
      browser.sid = (await house.sessions.start(connection, user, { ip: '127.0.0.1', browser: 'a test' })).sid
    })
    return { user, browser }
  }
  const issuersOf = async (user: string): Promise<string[]> =>
    (await listSocialIdentities(house.database.connection, user)).map(({ issuer }) => issuer)
  /** What the trail says of this user. */
  const remembered = async (user: string): Promise<unknown[]> => {
    const { rows } = await sql`select detail from audit join audit_person on audit_person.person = audit.person
      where audit.event = 'social identity untied' and audit_person."user" = ${user}`.execute(house.database.connection)
    return rows
  }

  it('are shown with their buttons’ words, and one is untied, once, which the trail remembers', async () => {
    const { user, browser } = await known([HOUSE, CLUB, OFF])
    const { text } = await browser.get('/account')
    expect(text).toMatch(/<bdi>House<\/bdi>[^]*https:\/\/house\.example\.com[^]*2023-11-14[^]*<bdi>Club<\/bdi>/)
    expect(text).toMatch(/<bdi>https:\/\/off\.example\.com<\/bdi> <span class="tag">turned off here<\/span>/)
    expect(await browser.post(UNTIE, { issuer: CLUB })).toMatchObject({ status: 303, location: '/account' })
    expect(await issuersOf(user)).toEqual([HOUSE, OFF])
    expect((await browser.post(UNTIE, { issuer: CLUB })).status).toBe(404)
    expect(await remembered(user)).toEqual([{ detail: JSON.stringify({ issuer: CLUB }) }])
    expect((await browser.get('/account')).text).not.toContain('club.example.com')
  })

  it('keep the last way to sign in, and say what to do first', async () => {
    const { user, browser } = await known([HOUSE, OFF])
    const refused = await browser.post(UNTIE, { issuer: HOUSE })
    expect([refused.status, refused.text.includes('You could not sign in afterwards. Set a password first')]).toEqual([417, true])
    expect(await issuersOf(user)).toEqual([HOUSE, OFF])
    await house.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { new_password: PASSWORD } })
    await browser.signIn(user)
    expect((await browser.post(UNTIE, { issuer: HOUSE })).status).toBe(303)
    expect(await issuersOf(user)).toEqual([OFF])
  })

  it('are listed and untied for another by System Managers, by a method too, and for Administrator by nobody else', async () => {
    const { user, browser } = await known([HOUSE])
    const chief = new Visitor(house.base)
    await chief.signIn(await Visitor.person(house, { roles: [{ role: 'System Manager' }] }))
    const listed = async (by: Visitor): Promise<Page> => by.get(`/api/method/annex.users.identities?user=${encodeURIComponent(user)}`)
    const untie = (by: Visitor, values: Record<string, string>): Promise<Page> => by.post('/api/method/annex.users.untie', values)
    expect([(await listed(browser)).status, (await untie(browser, { user, issuer: HOUSE })).status]).toEqual([403, 403])
    expect(JSON.parse((await listed(chief)).text)).toEqual({
      message: [{ issuer: HOUSE, label: 'House', created: expect.stringContaining('2023-11-14 22:13:') as string }],
    })
    for (const [values, status] of [
      [{ user, issuer: CLUB }, 404],
      [{ user: 'Administrator', issuer: HOUSE }, 403],
      [{ issuer: HOUSE }, 417],
      [{ user, issuer: HOUSE }, 200],
    ] as const)
      expect((await untie(chief, values)).status, JSON.stringify(values)).toBe(status)
    expect(JSON.parse((await listed(chief)).text)).toEqual({ message: [] })
    const app = { ...ADMINISTRATOR, token: {} as NonNullable<Principal['token']> }
    await expect(house.identities.untieFor(app, user, HOUSE)).rejects.toThrow('No app may untie users')
  })

  it('keep one of two that are untied at once', async () => {
    const { user, browser } = await known([HOUSE, CLUB])
    const replies = await Promise.all([HOUSE, CLUB].map((issuer) => browser.post(UNTIE, { issuer })))
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 417])
    expect(await issuersOf(user)).toHaveLength(1)
  })

  it('take the password when one has been signed in for a while, and a new sign-in where there is none', async () => {
    const [ann, ben] = [await known([HOUSE], {}), await known([HOUSE, CLUB])]
    expect((await ann.browser.get('/account')).text).not.toContain('type="password"')
    house.advance(RECENT)
    expect((await ann.browser.get('/account')).text).toMatch(/type="password"[^>]*name="password"/)
    const wrong = await ann.browser.post(UNTIE, { issuer: HOUSE, password: 'wrong' })
    expect([wrong.status, wrong.text.includes('The password is not right')]).toEqual([417, true])
    expect((await ann.browser.post(UNTIE, { issuer: HOUSE })).status).toBe(417)
    expect(await issuersOf(ann.user)).toEqual([HOUSE])
    expect((await ann.browser.post(UNTIE, { issuer: HOUSE, password: PASSWORD })).status).toBe(303)
    expect(await issuersOf(ann.user)).toEqual([])

    const page = await ben.browser.get('/account')
    expect(page.text).toContain('href="/login?again=1&amp;redirect-to=%2Faccount"')
    expect(page.text).not.toContain(`action="${UNTIE}"`)
    const refused = await ben.browser.post(UNTIE, { issuer: HOUSE })
    expect([refused.status, refused.text.includes('Sign in again first')]).toEqual([417, true])
    expect(await issuersOf(ben.user)).toEqual([HOUSE, CLUB])
  })

  it('are untied, and a second factor is changed, by ten tries a minute together, and the trail remembers the wrong ones', async () => {
    const { user, browser } = await known([HOUSE], {})
    house.advance(RECENT)
    const statuses: number[] = []
    for (const path of ['/account/factor/begin', '/account/factor/off', UNTIE])
      for (let turn = 0; turn < 4; turn += 1) statuses.push((await browser.post(path, { issuer: HOUSE, password: 'wrong' })).status)
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 417), 429, 429])
    await house.audit.flush(true)
    const { rows } = await sql`select 1 from audit join audit_person on audit_person.person = audit.person
      where audit.event = 'password refused' and audit_person."user" = ${user}`.execute(house.database.connection)
    expect(rows.length).toBeGreaterThan(0)
  })

  it('are untied by few wrong passwords a minute, and by nobody else', async () => {
    const [mine, theirs] = [await known([HOUSE], {}), await known([CLUB], {})]
    house.advance(RECENT)
    const foreign = await mine.browser.post(UNTIE, { issuer: CLUB, password: PASSWORD })
    expect([foreign.status, await issuersOf(theirs.user)]).toEqual([404, [CLUB]])
    const tries: Page[] = []
    for (let turn = 0; turn < 10; turn += 1) tries.push(await mine.browser.post(UNTIE, { issuer: HOUSE, password: 'wrong' }))
    expect(tries.map(({ status }) => status)).toEqual([...Array.from({ length: 9 }, () => 417), 429])
    expect((await mine.browser.post(UNTIE, { issuer: HOUSE, password: PASSWORD, csrf_token: 'forged' })).status).toBe(400)
    expect(await issuersOf(mine.user)).toEqual([HOUSE])
  })
})
