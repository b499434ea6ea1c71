import { sql } from 'kysely'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { removeFactor } from './factor-store.ts'
import { openIdentityHouse, type IdentityHouse } from '../identity.fixture.ts'
import { PASSWORD, Visitor, type Page } from '../own-account/visitor.fixture.ts'

const KEEPER = { roles: [{ role: 'Keeper' }] }

describe.each(engines)('a second factor that a role asks for, on %s', (engine) => {
  let house: IdentityHouse
  let ahead = 0
  beforeAll(async () => {
    house = await openIdentityHouse(engine)
    await house.accounts.ensureAdministrator(PASSWORD)
    await house.documents.insert(ADMINISTRATOR, 'Role', [{ role_name: 'Keeper', two_factor_auth: 1 }, { role_name: 'Clerk' }])
  })
  afterAll(() => house.close())

  const visitor = (): Visitor => new Visitor(house.base)
  const advance = (seconds: number): void => {
    house.advance(seconds)
    ahead += seconds * 1000
  }
  const codeOf = (secret: string): string => new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + ahead })
  const wrongFor = (secret: string): string => (codeOf(secret) === '000000' ? '000001' : '000000')
  const secretOn = (page: Page): string => /<code>([A-Z2-7]{32})<\/code>/.exec(page.text)?.[1] ?? ''
  const pendingOn = (page: Page): string => /name="tmp_id" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
  const codesOn = (page: Page): string[] => [...page.text.matchAll(/<code>(\w{4}(?:-\w{4}){3})<\/code>/g)].map(([, code]) => String(code))
  const finish = (browser: Visitor, tmp_id: string, otp: string): Promise<Page> =>
    browser.post('/login', { tmp_id, otp, set_up: '1', 'redirect-to': '/my-apps' })
  const login = async (fields: Record<string, string>): Promise<{ status: number; body: Record<string, unknown>; cookies: number }> => {
    const response = await fetch(`${house.base}/api/method/login`, { method: 'POST', body: new URLSearchParams(fields) })
    const cookies = response.headers.getSetCookie().length
    return { status: response.status, body: (await response.json()) as Record<string, unknown>, cookies }
  }

  /** A keeper who has set theirs up. */
  async function keeper(): Promise<{ user: string; browser: Visitor; secret: string }> {
    const user = await Visitor.person(house, KEEPER)
    const browser = visitor()
    const page = await browser.signIn(user)
    const secret = secretOn(page)
    await finish(browser, pendingOn(page), codeOf(secret))
    return { user, browser, secret }
  }

  it('is set up between the password and the session, which then goes on to where one wanted', async () => {
    const user = await Visitor.person(house, KEEPER)
    const browser = visitor()
    const page = await browser.signIn(user)
    expect([page.status, browser.sid, await browser.user()]).toEqual([200, '', 'Guest'])
    expect(page.text).toContain('otpauth://totp/')
    const [pending, secret] = [pendingOn(page), secretOn(page)]
    const wrong = await finish(browser, pending, wrongFor(secret))
    expect([wrong.status, browser.sid, wrong.text.includes('The code is not right')]).toEqual([401, '', true])
    // Whoever else knows the password must not read the secret that the user goes on with.
    expect([secretOn(wrong), pendingOn(wrong)]).toEqual(['', pending])
    const done = await finish(browser, pending, codeOf(secret))
    expect([done.status, codesOn(done).length, done.text.includes('href="/my-apps"')]).toEqual([200, 10, true])
    expect(await browser.user()).toBe(user)
    expect((await finish(visitor(), pending, codeOf(secret))).status).toBe(401)
    advance(60)
    const next = await visitor().signIn(user)
    expect([next.status, secretOn(next), next.text.includes('set_up')]).toEqual([200, '', false])
    expect(await login({ tmp_id: pendingOn(next), otp: codeOf(secret) })).toMatchObject({ status: 200, body: { message: 'Logged In' } })
  })

  it('is asked for by login in Frappe’s shape, which tells a program no secret and takes none from it', async () => {
    const user = await Visitor.person(house, KEEPER)
    expect(await login({ usr: user, pwd: PASSWORD })).toEqual({
      status: 200,
      cookies: 0,
      body: {
        verification: {
          method: 'OTP App',
          setup: false,
          prompt: `A second factor must be set up first: sign in at ${house.base}/login with a browser`,
        },
        tmp_id: expect.stringMatching(/^[\w-]{32}$/) as string,
      },
    })
    const page = await visitor().signIn(user)
    const answer = await login({ tmp_id: pendingOn(page), otp: codeOf(secretOn(page)), set_up: '1' })
    expect(answer).toMatchObject({ status: 401, cookies: 0, body: { message: 'Incorrect Verification code' } })
    expect((await login({ usr: await Visitor.person(house, { roles: [{ role: 'Clerk' }] }), pwd: PASSWORD })).body['message']).toBe(
      'Logged In',
    )
  })

  it('gives each who begins a secret of their own, and the later one counts', async () => {
    const user = await Visitor.person(house, KEEPER)
    const [thief, owner] = [visitor(), visitor()]
    const [theirs, own] = [await thief.signIn(user), await owner.signIn(user)]
    expect(secretOn(own)).not.toBe(secretOn(theirs))
    const refused = await finish(thief, pendingOn(theirs), codeOf(secretOn(own)))
    expect([refused.status, refused.text.includes('being set up elsewhere')]).toEqual([417, true])
    expect((await finish(owner, pendingOn(own), codeOf(secretOn(own)))).status).toBe(200)
    expect((await finish(thief, pendingOn(theirs), codeOf(secretOn(theirs)))).status).toBe(401)
    expect(thief.sid).toBe('')
  })

  it('tells no two who begin at once the same secret, and one of them counts', async () => {
    for (let round = 0; round < 4; round += 1) {
      const user = await Visitor.person(house, KEEPER)
      const pages = await Promise.all([0, 1, 2].map(() => visitor().signIn(user)))
      expect(new Set(pages.map(secretOn)).size).toBe(3)
      expect(pages.map(secretOn)).not.toContain('')
      const statuses: number[] = []
      for (const page of pages) statuses.push((await finish(visitor(), pendingOn(page), codeOf(secretOn(page)))).status)
      expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    }
  })

  it('says to begin anew when the secret is gone meanwhile', async () => {
    const user = await Visitor.person(house, KEEPER)
    const page = await visitor().signIn(user)
    await removeFactor(house.database.connection, user)
    const refused = await finish(visitor(), pendingOn(page), codeOf(secretOn(page)))
    expect([refused.status, refused.text.includes('There is nothing to confirm any more; begin anew with another secret')]).toEqual([
      417,
      true,
    ])
    expect(refused.text).toContain('Begin anew with another secret')
  })

  it('is set up by one of two that send the first code at once', async () => {
    const page = await visitor().signIn(await Visitor.person(house, KEEPER))
    const replies = await Promise.all([0, 1].map(() => finish(visitor(), pendingOn(page), codeOf(secretOn(page)))))
    expect(replies.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1)
  })

  it('may take a quarter of an hour and five codes to set up', async () => {
    const user = await Visitor.person(house, KEEPER)
    const [slow, late] = [await visitor().signIn(user), visitor()]
    advance(880)
    for (let turn = 0; turn < 5; turn += 1) expect((await finish(late, pendingOn(slow), wrongFor(secretOn(slow)))).status).toBe(401)
    expect((await finish(late, pendingOn(slow), codeOf(secretOn(slow)))).text).toContain('That took too long, or too many codes were wrong')
    const over = await visitor().signIn(user)
    advance(901)
    expect((await finish(late, pendingOn(over), codeOf(secretOn(over)))).text).toContain('That took too long')
    expect(late.sid).toBe('')
  })

  it('closes at once the sessions of those who have none, for good, and leaves API keys alone', async () => {
    const role = 'Auditor'
    await house.documents.insert(ADMINISTRATOR, 'Role', [{ role_name: role }])
    const user = await Visitor.person(house, { roles: [{ role }] })
    const browser = visitor()
    await browser.signIn(user)
    const { apiKey, apiSecret } = await house.accounts.rotateKeys(user)
    const byKey = async (): Promise<unknown> => {
      const answer = await fetch(`${house.base}/api/me`, { headers: { authorization: `token ${apiKey}:${apiSecret}` } })
      return ((await answer.json()) as { user: unknown }).user
    }
    expect([await browser.user(), await byKey()]).toEqual([user, user])
    await house.documents.update(ADMINISTRATOR, { doctype: 'Role', name: role, values: { two_factor_auth: 1 } })
    expect([await browser.user(), await byKey()]).toEqual(['Guest', user])
    expect((await browser.get('/account')).location).toBe('/login?redirect-to=%2Faccount')
    expect((await browser.get('/account/factor')).location).toBe('/login?redirect-to=%2Faccount%2Ffactor')
    const fresh = visitor()
    const page = await fresh.signIn(user)
    await finish(fresh, pendingOn(page), codeOf(secretOn(page)))
    expect([await fresh.user(), await browser.user()]).toEqual([user, 'Guest'])
  })

  it('ends the sessions of those who have none, so that they do not live again when no role asks any more', async () => {
    const role = 'Inspector'
    await house.documents.insert(ADMINISTRATOR, 'Role', [{ role_name: role }])
    const ask = (two_factor_auth: number): Promise<unknown> =>
      house.documents.update(ADMINISTRATOR, { doctype: 'Role', name: role, values: { two_factor_auth } })
    const [found, factorless] = [visitor(), await Visitor.person(house, { roles: [{ role }] })]
    await found.signIn(factorless)
    const kept = { cookie: `sid=${found.sid}` }
    const who = async (): Promise<unknown> =>
      ((await (await fetch(`${house.base}/api/me`, { headers: kept })).json()) as { user: unknown }).user
    expect(await who()).toBe(factorless)
    await ask(1)
    expect(await Promise.all([who(), who(), who()])).toEqual(['Guest', 'Guest', 'Guest'])
    const { rows } = await sql<{ detail: string; ip: string }>`select detail, ip from audit
      join audit_person on audit_person.person = audit.person
      where audit.event = 'session ended' and audit_person."user" = ${factorless}`.execute(house.database.connection)
    expect(rows.map(({ detail, ip }) => [JSON.parse(detail), ip])).toEqual([
      [{ which: 'this one', reason: 'a role asks for a second factor' }, '127.0.0.1'],
    ])
    await ask(0)
    expect(await who()).toBe('Guest')
    expect([(await found.signIn(factorless)).status, await found.user()]).toEqual([303, factorless])
  })

  it('cannot be turned off, and is set up anew after a System Manager reset it', async () => {
    const { user, browser, secret } = await keeper()
    expect((await browser.get('/account/factor')).text).toContain('A role of yours asks for it, so it cannot be turned off.')
    expect((await browser.post('/account/factor/off', { password: PASSWORD })).status).toBe(417)
    expect(await browser.user()).toBe(user)
    const chief = visitor()
    await chief.signIn(await Visitor.person(house, { roles: [{ role: 'System Manager' }] }))
    expect((await chief.post('/api/method/annex.users.reset_factor', { user })).status).toBe(200)
    expect(await browser.user()).toBe('Guest')
    const page = await visitor().signIn(user)
    expect(secretOn(page)).not.toBe('')
    expect(secretOn(page)).not.toBe(secret)
  })

  it('is not asked for by a role that is disabled or was taken away', async () => {
    await house.documents.insert(ADMINISTRATOR, 'Role', [{ role_name: 'Former', two_factor_auth: 1 }])
    const user = await Visitor.person(house, { roles: [{ role: 'Former' }] })
    expect((await login({ usr: user, pwd: PASSWORD })).body).toHaveProperty('verification')
    await house.documents.update(ADMINISTRATOR, { doctype: 'Role', name: 'Former', values: { disabled: 1 } })
    expect((await login({ usr: user, pwd: PASSWORD })).body['message']).toBe('Logged In')
  })

  // Last: it is about everybody of this house.
  it('is everybody’s matter by the role All, and Administrator’s too', async () => {
    const { user, secret } = await keeper()
    const chief = visitor()
    await chief.signIn(await Visitor.person(house, { roles: [{ role: 'System Manager' }] }))
    await house.documents.update(ADMINISTRATOR, { doctype: 'Role', name: 'All', values: { two_factor_auth: 1 } })
    expect(await chief.user()).toBe('Guest')
    for (const usr of [await Visitor.person(house), 'Administrator'])
      expect((await login({ usr, pwd: PASSWORD })).body).toMatchObject({ verification: { setup: false } })
    advance(60)
    const page = await visitor().signIn(user)
    expect(await login({ tmp_id: pendingOn(page), otp: codeOf(secret) })).toMatchObject({ status: 200 })
  })
})
