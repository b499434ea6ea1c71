import { TOTP, Secret } from 'otpauth'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { openIdentityHouse, type IdentityHouse } from '../identity.fixture.ts'
import { PASSWORD, Visitor, type Page } from '../own-account/visitor.fixture.ts'

describe.each(engines)('a second factor, on %s', (engine) => {
  let house: IdentityHouse
  let ahead = 0
  const letters: Readonly<Record<string, unknown>>[] = []
  beforeAll(async () => {
    house = await openIdentityHouse(engine, { outbox: { insert: async (_connection, { payload }) => void letters.push(payload) } })
  })
  afterAll(() => house.close())

  const visitor = (): Visitor => new Visitor(house.base)
  const codeOf = (secret: string): string => new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + ahead })
  /** The next code is another: none is taken twice. */
  function nextCode(secret: string): string {
    house.advance(60)
    ahead += 60_000
    return codeOf(secret)
  }
  const codesOn = (page: string): string[] => [...page.matchAll(/<code>(\w{4}(?:-\w{4}){3})<\/code>/g)].map(([, code]) => String(code))
  const login = async (fields: Record<string, string>): Promise<{ status: number; body: Record<string, unknown>; cookies: number }> => {
    const response = await fetch(`${house.base}/api/method/login`, { method: 'POST', body: new URLSearchParams(fields) })
    const cookies = response.headers.getSetCookie().length
    return { status: response.status, body: (await response.json()) as Record<string, unknown>, cookies }
  }
  const firstStep = async (usr: string): Promise<string> => String((await login({ usr, pwd: PASSWORD })).body['tmp_id'])

  async function enrolled(): Promise<{ user: string; browser: Visitor; secret: string; codes: string[] }> {
    const user = await Visitor.person(house)
    const browser = visitor()
    await browser.signIn(user)
    await browser.post('/account/factor/begin', { password: PASSWORD })
    const [, secret = ''] = /<code>([A-Z2-7]{32})<\/code>/.exec((await browser.get('/account/factor')).text) ?? []
    const page = await browser.post('/account/factor/confirm', { code: nextCode(secret) })
    return { user, browser, secret, codes: codesOn(page.text) }
  }

  it('is set up with the password and a first code, and shows ten recovery codes once', async () => {
    const user = await Visitor.person(house)
    const browser = visitor()
    await browser.signIn(user)
    expect((await browser.post('/account/factor/begin', { password: 'not the password' })).status).toBe(417)
    expect(await browser.post('/account/factor/begin', { password: PASSWORD })).toMatchObject({ status: 303, location: '/account/factor' })
    const shown = (await browser.get('/account/factor')).text
    const [, secret = ''] = /<code>([A-Z2-7]{32})<\/code>/.exec(shown) ?? []
    expect(shown).toContain(`otpauth://totp/`)
    const wrong = await browser.post('/account/factor/confirm', { code: '000000' })
    expect([wrong.status, wrong.text.includes(secret)]).toEqual([417, true])
    // Until then the password alone signs in.
    expect((await login({ usr: user, pwd: PASSWORD })).body['message']).toBe('Logged In')
    const page = await browser.post('/account/factor/confirm', { code: codeOf(secret) })
    expect(codesOn(page.text)).toHaveLength(10)
    const after = (await browser.get('/account/factor')).text
    expect([after.includes(secret), codesOn(after).length, /left: <strong>10</.test(after)]).toEqual([false, 0, true])
    const kept = house.database.connection.withTables<{ second_factor: object; recovery_code: object }>()
    const rows = JSON.stringify([
      await kept.selectFrom('second_factor').selectAll().execute(),
      await kept.selectFrom('recovery_code').selectAll().execute(),
    ])
    for (const text of [secret, ...codesOn(page.text)]) expect(rows).not.toContain(text)
  })

  it('shows its secret to the session that began and takes the first code there alone', async () => {
    const [mine, other, user] = [visitor(), visitor(), await Visitor.person(house)]
    for (const browser of [mine, other]) await browser.signIn(user)
    const secretOf = async (browser: Visitor): Promise<string | undefined> =>
      /<code>([A-Z2-7]{32})<\/code>/.exec((await browser.get('/account/factor')).text)?.[1]
    await mine.post('/account/factor/begin', { password: PASSWORD })
    const secret = await secretOf(mine)
    expect([typeof secret, await secretOf(other)]).toEqual(['string', undefined])
    const page = (await other.get('/account/factor')).text
    expect([page.includes('It is being set up elsewhere'), page.includes('otpauth://')]).toEqual([true, false])
    const refused = await other.post('/account/factor/confirm', { code: nextCode(secret!) })
    expect([refused.status, refused.text.includes('begin anew here')]).toEqual([417, true])
    await other.post('/account/factor/begin', { password: PASSWORD })
    expect(await secretOf(other)).not.toBe(secret)
    expect(await secretOf(mine)).toBeUndefined()
    expect((await other.post('/account/factor/confirm', { code: nextCode((await secretOf(other))!) })).status).toBe(200)
  })

  it('ends the user’s other sessions when it is turned on, and no earlier', async () => {
    const [mine, stolen, user] = [visitor(), visitor(), await Visitor.person(house)]
    for (const browser of [mine, stolen]) await browser.signIn(user)
    await mine.post('/account/factor/begin', { password: PASSWORD })
    const [, secret = ''] = /<code>([A-Z2-7]{32})<\/code>/.exec((await mine.get('/account/factor')).text) ?? []
    expect((await mine.post('/account/factor/confirm', { code: 'wrong' })).status).toBe(417)
    expect(await stolen.user()).toBe(user)
    expect((await mine.post('/account/factor/confirm', { code: nextCode(secret) })).status).toBe(200)
    expect([await mine.user(), await stolen.user()]).toEqual([user, 'Guest'])
  })

  it('is asked for by login as Frappe does, and takes a code once', async () => {
    const { user, secret } = await enrolled()
    const first = await login({ usr: user, pwd: PASSWORD })
    expect(first).toEqual({
      status: 200,
      cookies: 0,
      body: { verification: { method: 'OTP App', setup: true }, tmp_id: expect.stringMatching(/^[\w-]{32}$/) as string },
    })
    const pending = String(first.body['tmp_id'])
    const otp = nextCode(secret)
    expect((await login({ tmp_id: pending, otp: otp === '000000' ? '000001' : '000000' })).body['message']).toBe(
      'Incorrect Verification code',
    )
    expect(await login({ tmp_id: pending, otp })).toMatchObject({ status: 200, cookies: 5, body: { message: 'Logged In' } })
    expect(await login({ tmp_id: pending, otp })).toMatchObject({ status: 401, body: { message: 'Incomplete login details' } })
    expect(await login({ tmp_id: await firstStep(user), otp })).toMatchObject({
      status: 401,
      body: { message: 'Incorrect Verification code' },
    })
  })

  it('gives one session to two that send the same code at once', async () => {
    const { user, secret } = await enrolled()
    const pending = [await firstStep(user), await firstStep(user)]
    const otp = nextCode(secret)
    const replies = await Promise.all(pending.map((id) => login({ tmp_id: id, otp })))
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401])
  })

  it('is asked for on the page, which goes on to where one wanted', async () => {
    const { user, secret } = await enrolled()
    const browser = visitor()
    const asked = await browser.signIn(user)
    expect([asked.status, browser.sid]).toEqual([200, ''])
    const [, pending = ''] = /name="tmp_id" value="([^"]+)"/.exec(asked.text) ?? []
    const finish = (otp: string): Promise<Page> => browser.post('/login', { tmp_id: pending, otp, 'redirect-to': '/my-apps' })
    const wrong = await finish('12345')
    expect([wrong.status, wrong.text.includes('The code is not right'), wrong.text.includes(pending)]).toEqual([401, true, true])
    expect(await finish(nextCode(secret))).toMatchObject({ status: 303, location: '/my-apps' })
    expect(await browser.user()).toBe(user)
  })

  it('is stood in for by a recovery code, once each', async () => {
    const { user, browser, codes } = await enrolled()
    const [code = ''] = codes
    expect((await login({ tmp_id: await firstStep(user), otp: code.toUpperCase().replaceAll('-', ' ') })).status).toBe(200)
    expect((await login({ tmp_id: await firstStep(user), otp: code })).status).toBe(401)
    expect((await browser.get('/account/factor')).text).toMatch(/left: <strong>9</)
  })

  it('tells its user by one letter of wrong codes after the right password: at once from a new place, else when all tries are used up', async () => {
    const [one, other] = [await enrolled(), await enrolled()]
    const lettersOf = (user: string) => letters.filter((letter) => letter['user'] === user && letter['about'] === 'code')
    const fail = async (user: string, browser: string, times: number): Promise<void> => {
      const ask = async (fields: Record<string, string>): Promise<Record<string, unknown>> => {
        const sent = { method: 'POST', headers: { 'user-agent': browser }, body: new URLSearchParams(fields) }
        return (await (await fetch(`${house.base}/api/method/login`, sent)).json()) as Record<string, unknown>
      }
      const tmp_id = String((await ask({ usr: user, pwd: PASSWORD }))['tmp_id'])
      for (let turn = 0; turn < times; turn += 1)
        expect(await ask({ tmp_id, otp: 'wrong' })).toMatchObject({ message: 'Incorrect Verification code' })
    }
    await fail(one.user, 'Firefox/140.0 Linux', 1)
    expect(lettersOf(one.user)).toEqual([{ about: 'code', user: one.user, ip: '127.0.0.1', browser: 'Firefox on Linux' }])
    await fail(one.user, 'Chrome/140.0 Windows', 5)
    expect(lettersOf(one.user)).toHaveLength(1)
    await fail(other.user, 'a test', 4)
    expect(lettersOf(other.user)).toEqual([])
    await fail(other.user, 'a test', 5)
    expect(lettersOf(other.user)).toHaveLength(1)
  })

  it('is tried five times for each password, ten in ten minutes, and waits three minutes', async () => {
    const { user, secret } = await enrolled()
    const late = await firstStep(user)
    const otp = nextCode(secret)
    house.advance(181)
    ahead += 181_000
    expect((await login({ tmp_id: late, otp })).body['message']).toBe('Incomplete login details')
    const wrong: number[] = []
    for (let round = 0; round < 2; round += 1) {
      const pending = await firstStep(user)
      for (let turn = 0; turn < 6; turn += 1) wrong.push((await login({ tmp_id: pending, otp: 'wrong' })).status)
      expect((await login({ tmp_id: pending, otp: codeOf(secret) })).body['message']).toBe('Incomplete login details')
    }
    expect(wrong).toEqual(Array<number>(12).fill(401))
    expect((await login({ tmp_id: await firstStep(user), otp: codeOf(secret) })).status).toBe(429)
  })

  it('is turned off with the password, and reset by a System Manager', async () => {
    const [mine, lost] = [await enrolled(), await enrolled()]
    expect((await mine.browser.post('/account/factor/off', { password: 'wrong' })).status).toBe(417)
    expect((await mine.browser.post('/account/factor/off', { password: PASSWORD })).status).toBe(303)
    expect((await login({ usr: mine.user, pwd: PASSWORD })).body['message']).toBe('Logged In')
    expect((await mine.browser.post('/api/method/annex.users.reset_factor', { user: lost.user })).status).toBe(403)
    const chief = visitor()
    await chief.signIn(await Visitor.person(house, { roles: [{ role: 'System Manager' }] }))
    expect((await chief.post('/api/method/annex.users.reset_factor', { user: lost.user })).status).toBe(200)
    expect((await chief.post('/api/method/annex.users.reset_factor', { user: lost.user })).status).toBe(404)
    expect((await chief.post('/api/method/annex.users.reset_factor', { user: 'Administrator' })).status).toBe(403)
    expect((await login({ usr: lost.user, pwd: PASSWORD })).body['message']).toBe('Logged In')
  })

  it('is still asked for after a new password, and no sign-in that waited goes on; a namesake has none', async () => {
    const { user, secret } = await enrolled()
    const pending = await firstStep(user)
    await house.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { new_password: 'a new long password' } })
    expect((await login({ tmp_id: pending, otp: nextCode(secret) })).body['message']).toBe('Incomplete login details')
    expect((await login({ usr: user, pwd: 'a new long password' })).body).toHaveProperty('tmp_id')
    await house.documents.remove(ADMINISTRATOR, { doctype: 'User', name: user })
    await house.documents.insert(ADMINISTRATOR, 'User', [{ email: user, first_name: 'Namesake', new_password: PASSWORD }])
    expect((await login({ usr: user, pwd: PASSWORD })).body['message']).toBe('Logged In')
  })
})
