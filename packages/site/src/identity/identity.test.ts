import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../policy/principal.ts'
import { openIdentityHouse, type IdentityHouse } from './identity.fixture.ts'

const PASSWORD = 'Corr3ct-horse-alice'

interface Reply {
  readonly status: number
  readonly text: string
  readonly json: Record<string, unknown>
  readonly headers: Headers
  readonly cookies: ReadonlyMap<string, string>
}

describe.each(engines)('identity on %s', (engine) => {
  let house: IdentityHouse
  let people = 0

  beforeAll(async () => {
    house = await openIdentityHouse(engine)
    await house.accounts.ensureAdministrator('the first password')
    await house.documents.insert(ADMINISTRATOR, 'Role', [{ role_name: 'Sales Clerk' }, { role_name: 'Visitor', desk_access: 0 }])
  })
  afterAll(() => house.close())

  async function ask(path: string, options: RequestInit & { readonly headers?: Record<string, string> } = {}): Promise<Reply> {
    const response = await fetch(house.base + path, { redirect: 'manual', ...options })
    const text = await response.text()
    const cookies = new Map(
      response.headers
        .getSetCookie()
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).split(';', 1)[0] ?? '']),
    )
    const isJson = response.headers.get('content-type') === 'application/json'
    return {
      status: response.status,
      text,
      headers: response.headers,
      cookies,
      json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
    }
  }

  const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Reply> =>
    ask(path, { method: 'POST', body: new URLSearchParams(fields), headers })
  const signIn = (usr: string, pwd = PASSWORD, headers: Record<string, string> = {}): Promise<Reply> =>
    post('/api/method/login', { usr, pwd }, headers)
  const sidOf = async (user: string): Promise<string> => (await signIn(user)).cookies.get('sid') ?? ''
  const me = (sid: string): Promise<Reply> => ask('/api/me', { headers: { cookie: `sid=${sid}` } })

  /** A new user of the test's own. */
  async function person(values: Record<string, unknown> = {}): Promise<string> {
    people += 1
    const email = `person${people}@example.com`
    await house.documents.insert(ADMINISTRATOR, 'User', [
      { email, first_name: 'Person', last_name: `${people}`, new_password: PASSWORD, ...values },
    ])
    return email
  }

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

  describe('a session', () => {
    it('stands in the database as a hash', async () => {
      const sid = await sidOf(await person())
      const rows = await house.database.connection.withTables<{ session: { hash: string } }>().selectFrom('session').selectAll().execute()
      expect(JSON.stringify(rows)).not.toContain(sid)
    })

    it('that is not there makes a guest, who is told at the first refusal', async () => {
      const headers = { cookie: 'sid=0123456789abcdef' }
      const reply = await ask('/api/method/frappe.auth.get_logged_user', { headers })
      expect([reply.status, reply.json['exc_type'], reply.json['session_expired']]).toEqual([403, 'PermissionError', 1])
      expect(reply.cookies.get('sid')).toBe('')
      const guest = await ask('/api/method/frappe.auth.get_logged_user', { headers: { cookie: 'sid=Guest' } })
      expect([guest.status, guest.json['session_expired']]).toEqual([403, undefined])
    })

    it('slides with use, the cookie too, and ends 170 hours after the last', async () => {
      const user = await person()
      const sid = await sidOf(user)
      expect((await me(sid)).cookies.size).toBe(0)
      house.advance(600_000)
      expect((await me(sid)).cookies.get('sid')).toBe(sid)
      await house.sessions.settled()
      house.advance(600_000)
      expect((await me(sid)).json['user']).toBe(user)
      await house.sessions.settled()
      house.advance(612_001)
      expect((await me(sid)).json['user']).toBe('Guest')
    })

    it('ends by signing out, by GET too, but not at another site’s wish', async () => {
      const sid = await sidOf(await person())
      const headers = { cookie: `sid=${sid}` }
      expect((await ask('/api/method/logout', { headers: { ...headers, 'sec-fetch-site': 'cross-site' } })).status).toBe(400)
      const reply = await ask('/api/method/logout', { headers })
      expect([reply.status, reply.json]).toEqual([200, { message: 'No App', home_page: '/login', full_name: 'Guest' }])
      expect(reply.cookies.get('sid')).toBe('')
      expect((await me(sid)).json['user']).toBe('Guest')
      expect((await ask('/api/method/logout', { headers })).status).toBe(200)
    })

    it('ends with a new password, and what was granted on the old one with it', async () => {
      const user = await person()
      const sid = await sidOf(user)
      await house.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { new_password: 'a new long password' } })
      expect((await me(sid)).json['user']).toBe('Guest')
      expect(house.revoked).toContain(user)
      expect((await signIn(user)).status).toBe(401)
      expect((await signIn(user, 'a new long password')).status).toBe(200)
    })

    it('ends when its user is disabled, who is refused from then on', async () => {
      const user = await person()
      const sid = await sidOf(user)
      await house.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { enabled: 0 } })
      expect((await me(sid)).json['user']).toBe('Guest')
      expect((await signIn(user)).json['message']).toBe('User disabled or missing')
      expect(house.revoked).toContain(user)
    })
  })

  describe('a principal', () => {
    it('has its roles, the automatic ones, and its user permissions, from the next request on', async () => {
      const user = await person({ roles: [{ role: 'Sales Clerk' }] })
      const sid = await sidOf(user)
      expect((await me(sid)).json['roles']).toEqual(['All', 'Desk User', 'Guest', 'Sales Clerk'])
      await house.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { roles: [{ role: 'Visitor' }] } })
      expect((await me(sid)).json['roles']).toEqual(['All', 'Guest', 'Visitor'])
      await house.documents.insert(ADMINISTRATOR, 'User Permission', [{ user, allow: 'Role', for_value: 'Visitor' }])
      expect((await me(sid)).json['permissions']).toEqual([
        { allow: 'Role', for_value: 'Visitor', applicable_for: null, is_default: false },
      ])
    })

    it('loses a role that is disabled', async () => {
      await house.documents.insert(ADMINISTRATOR, 'Role', [{ role_name: `Passing ${engine}` }])
      const sid = await sidOf(await person({ roles: [{ role: `Passing ${engine}` }] }))
      expect((await me(sid)).json['roles']).toContain(`Passing ${engine}`)
      await house.documents.update(ADMINISTRATOR, { doctype: 'Role', name: `Passing ${engine}`, values: { disabled: 1 } })
      expect((await me(sid)).json['roles']).toEqual(['All', 'Guest'])
    })

    it.each(['System Manager', 'All', 'Guest'])('keeps %s, which nobody disables or removes', async (name) => {
      const role = { doctype: 'Role', name }
      await expect(house.documents.update(ADMINISTRATOR, { ...role, values: { disabled: 1 } })).rejects.toMatchObject({ status: 417 })
      await expect(house.documents.remove(ADMINISTRATOR, role)).rejects.toMatchObject({ status: 417 })
      expect(await house.documents.update(ADMINISTRATOR, { ...role, values: { desk_access: 1 } })).toMatchObject({ disabled: 0 })
    })

    it('is nobody when unknown', async () => {
      expect(await house.principals.of('nobody@example.com')).toBeUndefined()
    })
  })

  describe('an API key', () => {
    async function keys(user: string): Promise<{ api_key: string; api_secret: string }> {
      const cookie = `sid=${(await signIn('Administrator', 'the first password')).cookies.get('sid')}`
      const reply = await post('/api/method/frappe.core.doctype.user.user.generate_keys', { user }, { cookie })
      return reply.json['message'] as { api_key: string; api_secret: string }
    }
    const withHeader = (authorization: string, cookie = ''): Promise<Reply> => ask('/api/me', { headers: { authorization, cookie } })

    it('and its secret make their user known, in both spellings, beside the cookie of another', async () => {
      const user = await person()
      const { api_key: key, api_secret: secret } = await keys(user)
      expect([key.length, secret.length]).toEqual([15, 48])
      const other = `sid=${await sidOf(await person())}`
      for (const header of [`token ${key}:${secret}`, `TOKEN ${key}:${secret}`, `Basic ${btoa(`${key}:${secret}`)}`]) {
        expect((await withHeader(header, other)).json['user']).toBe(user)
      }
    })

    it('is kept when its secret is made anew, which ends the old one, and stands on the User', async () => {
      const user = await person()
      const [first, second] = [await keys(user), await keys(user)]
      expect(second.api_key).toBe(first.api_key)
      expect((await withHeader(`token ${first.api_key}:${first.api_secret}`)).status).toBe(401)
      expect((await withHeader(`token ${second.api_key}:${second.api_secret}`)).status).toBe(200)
      expect((await house.documents.read(ADMINISTRATOR, { doctype: 'User', name: user }))['api_key']).toBe(first.api_key)
    })

    it('opens no page', async () => {
      const { api_key: key, api_secret: secret } = await keys(await person())
      const headers = { authorization: `token ${key}:${secret}` }
      expect((await ask('/app', { headers })).headers.get('location')).toBe('/login?redirect-to=%2Fapp')
      expect((await ask('/login', { headers })).status).toBe(200)
    })

    it('of a disabled user is refused', async () => {
      const user = await person()
      const { api_key: key, api_secret: secret } = await keys(user)
      await house.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { enabled: 0 } })
      expect((await withHeader(`token ${key}:${secret}`)).status).toBe(401)
    })

    it.each([
      ['token abc:def', 401],
      ['token abc', 401],
      ['token a:b:c', 401],
      ['token  a:b', 401],
      ['token', 401],
      ['Basic !!!', 400],
      ['Basic AAAA', 401],
      ['Basic /////w==', 401],
      ['Foo x', 401],
      ['Bearer a b', 401],
      ['bearer', 401],
    ])('that is no good is refused beside a good cookie: %s', async (header, status) => {
      const cookie = `sid=${await sidOf(await person())}`
      expect((await withHeader(header, cookie)).status).toBe(status)
    })

    it('is made by System Managers alone', async () => {
      const user = await person()
      const reply = await post('/api/method/frappe.core.doctype.user.user.generate_keys', { user }, { cookie: `sid=${await sidOf(user)}` })
      expect(reply.status).toBe(403)
    })
  })

  describe('a User', () => {
    it('is named by its address in small letters, with a full name, and no password in the document', async () => {
      people += 1
      const [user] = await house.documents.insert(ADMINISTRATOR, 'User', [
        { email: `Mixed${people}@Example.COM`, first_name: 'Mi', last_name: 'Xed', new_password: PASSWORD },
      ])
      expect(user).toMatchObject({ name: `mixed${people}@example.com`, email: `mixed${people}@example.com`, full_name: 'Mi Xed' })
      expect(JSON.stringify(user)).not.toContain(PASSWORD)
    })

    it('has a sub of its own that no later namesake gets', async () => {
      const user = await person()
      const first = await house.accounts.read(user)
      await house.documents.remove(ADMINISTRATOR, { doctype: 'User', name: user })
      expect(await house.accounts.read(user)).toBeUndefined()
      expect(house.revoked).toContain(user)
      await house.documents.insert(ADMINISTRATOR, 'User', [{ email: user, first_name: 'Namesake' }])
      const second = await house.accounts.read(user)
      expect(second?.sub).not.toBe(first?.sub)
      expect((await signIn(user)).status).toBe(401)
    })

    it('changes their own name and password, and nothing of what they may do', async () => {
      const user = await person()
      const principal = await house.principals.of(user)
      if (!principal) throw new Error('no principal')
      await house.documents.update(principal, {
        doctype: 'User',
        name: user,
        values: { first_name: 'Changed', enabled: 1, roles: [{ role: 'System Manager' }] },
      })
      expect((await house.accounts.read(user))?.fullName).toMatch(/^Changed /)
      expect((await house.principals.of(user))?.roles.has('System Manager')).toBe(false)
    })

    it('is not made when the password is no good', async () => {
      const insert = house.documents.insert(ADMINISTRATOR, 'User', [
        { email: 'weak@example.com', first_name: 'Weak', new_password: 'short' },
      ])
      await expect(insert).rejects.toMatchObject({ excType: 'ValidationError' })
      expect(await house.accounts.read('weak@example.com')).toBeUndefined()
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
