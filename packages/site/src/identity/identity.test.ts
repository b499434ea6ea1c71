import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../policy/principal.ts'
import { PASSWORD, callersOf } from './callers.fixture.ts'
import { openIdentityHouse, type IdentityHouse } from './identity.fixture.ts'

describe.each(engines)('identity, on %s', (engine) => {
  let house: IdentityHouse

  beforeAll(async () => {
    house = await openIdentityHouse(engine)
    await house.accounts.ensureAdministrator('the first password')
  })
  afterAll(() => house.close())
  const { ask, post, signIn, sidOf, me, person } = callersOf(() => house)

  describe('signing in', () => {
    it('answers as Frappe does, and sets its five cookies', async () => {
      const user = await person({ first_name: 'Ünal', last_name: 'Çelik' })
      const reply = await signIn(user)
      expect([reply.status, reply.json]).toEqual([200, { message: 'Logged In', home_page: '/app', full_name: 'Ünal Çelik' }])
      expect([...reply.cookies.keys()].toSorted()).toEqual(['full_name', 'sid', 'system_user', 'user_id', 'user_image'])
      expect(reply.cookies.get('sid')).toMatch(/^[0-9a-f]{64}$/)
      expect(reply.cookies.get('full_name')).toBe(encodeURIComponent('Ünal Çelik'))
      expect(reply.cookies.get('user_id')).toBe(encodeURIComponent(user))
      const lines = reply.headers.getSetCookie()
      for (const line of lines) expect(line).toMatch(/; Max-Age=612000; Path=\/;.* ?SameSite=Lax/)
      expect(lines.filter((line) => line.includes('HttpOnly'))).toEqual([lines.find((line) => line.startsWith('sid='))])
    })

    it('takes JSON, and the address in any case', async () => {
      const user = await person()
      const body = JSON.stringify({ usr: user.toUpperCase(), pwd: PASSWORD })
      const reply = await ask('/api/method/login', { method: 'POST', body, headers: { 'content-type': 'application/json' } })
      expect(reply.json['message']).toBe('Logged In')
      expect((await me(reply.cookies.get('sid') ?? '')).json['user']).toBe(user)
    })

    it('is refused alike for a wrong password and an unknown user, without a cookie', async () => {
      const user = await person()
      const [wrong, unknown] = [await signIn(user, 'wrong password'), await signIn('nobody@example.com')]
      for (const reply of [wrong, unknown]) {
        expect(reply.status).toBe(401)
        expect(reply.json).toMatchObject({ exc_type: 'AuthenticationError', message: 'Invalid login credentials' })
        expect(reply.cookies.size).toBe(0)
      }
      expect(wrong.text).toBe(unknown.text)
    })

    it('is a page whose form may end at an app; forms of one’s own pages end here', async () => {
      const user = await person()
      const headers = { accept: 'text/html', cookie: `sid=${await sidOf(user)}` }
      const policyOf = async (path: string): Promise<string> => (await ask(path, { headers })).headers.get('content-security-policy') ?? ''
      expect(await policyOf('/login?again=1')).not.toContain('form-action')
      const refused = await ask('/login', {
        method: 'POST',
        body: new URLSearchParams({ usr: user, pwd: 'wrong' }).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' },
      })
      expect([refused.status, refused.headers.get('content-security-policy')]).toEqual([401, expect.not.stringContaining('form-action')])
      for (const path of ['/account', '/account/factor', '/logout', '/forgot-password'])
        expect(await policyOf(path), path).toContain("form-action 'self'")
    })

    it('is refused with what is missing, and by GET', async () => {
      expect((await post('/api/method/login', { usr: 'x@example.com' })).json['message']).toBe('Incomplete login details')
      expect((await signIn('x@example.com', 'x'.repeat(600))).status).toBe(401)
      expect((await ask('/api/method/login?usr=a&pwd=b')).status).toBe(405)
    })

    it('gives a new id each time, and ends the session that the browser had', async () => {
      const user = await person()
      const first = await sidOf(user)
      const second = (await signIn(user, PASSWORD, { cookie: `sid=${first}` })).cookies.get('sid') ?? ''
      expect(second).not.toBe(first)
      expect((await me(first)).json['user']).toBe('Guest')
      expect((await me(second)).json['user']).toBe(user)
    })

    it('never takes an id that somebody else chose', async () => {
      const user = await person()
      const chosen = 'ab'.repeat(32)
      expect((await signIn(user, PASSWORD, { cookie: `sid=${chosen}` })).cookies.get('sid')).not.toBe(chosen)
      expect((await me(chosen)).json['user']).toBe('Guest')
    })

    it('is slowed down after ten failures of a user from one address, and not from another', async () => {
      const user = await person()
      const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address })
      const statuses: number[] = []
      for (let i = 0; i < 11; i += 1) statuses.push((await signIn(user, 'wrong password', from('203.0.113.7'))).status)
      expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429])
      const refused = await signIn(user, PASSWORD, from('203.0.113.7'))
      expect([refused.status, refused.json['exc_type']]).toEqual([429, 'TooManyRequestsError'])
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
      expect((await signIn(user, PASSWORD, from('203.0.113.8'))).status).toBe(200)
    })

    it('counts a whole network of IPv6 as one address', async () => {
      const user = await person()
      const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address })
      const statuses: number[] = []
      for (let i = 0; i < 11; i += 1) statuses.push((await signIn(user, 'wrong password', from(`2001:db8:0:7::${i}`))).status)
      expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429])
      expect((await signIn(user, PASSWORD, from('2001:db8:0:8::1'))).status).toBe(200)
    })

    it('is slowed down after fifty failures from one address, for whomever', async () => {
      const headers = { 'x-forwarded-for': '203.0.113.9' }
      const attempts = Array.from({ length: 55 }, (_, i) => signIn(`unknown${i}@example.com`, 'wrong password', headers))
      const statuses = (await Promise.all(attempts)).map(({ status }) => status)
      expect(statuses.filter((status) => status === 429)).toHaveLength(5)
    })

    it('to a demo account works from this machine alone, until its password is its own', async () => {
      const user = await person()
      await house.accounts.restrictToLoopback(house.database.connection, user)
      const away = { 'x-forwarded-for': '203.0.113.10' }
      const refused = await signIn(user, PASSWORD, away)
      expect([refused.status, String(refused.json['message'])]).toEqual([
        401,
        expect.stringContaining('from the machine that the site runs on'),
      ])
      expect((await signIn(user)).status).toBe(200)
      await house.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { new_password: 'a password of my own' } })
      expect((await signIn(user, 'a password of my own', away)).status).toBe(200)
    })

    it('to Administrator takes the password of the first start, and no later one', async () => {
      expect(await house.accounts.ensureAdministrator('another password')).toBe(false)
      expect((await signIn('Administrator', 'another password')).status).toBe(401)
      expect((await signIn('administrator', 'the first password')).json['full_name']).toBe('Administrator')
    })

    it('from another site is refused', async () => {
      expect((await signIn(await person(), PASSWORD, { origin: 'https://evil.example' })).json['exc_type']).toBe('CSRFTokenError')
    })
  })

  describe('the pages', () => {
    it('sign in by a form, go where one wanted, and stay on this site', async () => {
      const user = await person()
      const page = await ask('/login?redirect-to=%2Fmy-apps')
      expect([page.status, page.text.includes('value="/my-apps"')]).toEqual([200, true])
      const reply = await post('/login', { usr: user, pwd: PASSWORD, 'redirect-to': '/my-apps' })
      expect([reply.status, reply.headers.get('location')]).toEqual([303, '/my-apps'])
      const evil = await post('/login', { usr: user, pwd: PASSWORD, 'redirect-to': '//evil.example' })
      expect(evil.headers.get('location')).toBe('/app')
    })

    it('say in words what was wrong, with what was typed but the password', async () => {
      const reply = await post('/login', { usr: '"<b>', pwd: 'typed password' })
      expect(reply.status).toBe(401)
      expect(reply.text).toMatch(/role="alert"[^]*&quot;&lt;b&gt;/)
      expect(reply.text).not.toContain('typed password')
    })

    it('greet who is signed in, and sign out by a form that belongs to the session', async () => {
      const user = await person({ roles: [{ role: 'System Manager' }] })
      const cookie = `sid=${await sidOf(user)}`
      const home = await ask('/app', { headers: { cookie } })
      expect(home.text).toContain('Connected Apps')
      const [, csrf = ''] = /name="csrf_token"\s+value="([^"]+)"/.exec(home.text) ?? []
      expect((await ask('/login?redirect-to=/my-apps', { headers: { cookie } })).headers.get('location')).toBe('/my-apps')
      expect((await post('/logout', {}, { cookie })).status).toBe(400)
      expect((await post('/logout', { csrf_token: csrf }, { cookie })).headers.get('location')).toBe('/login')
      expect((await ask('/app', { headers: { cookie } })).headers.get('location')).toBe('/login?redirect-to=%2Fapp')
    })
  })
})
