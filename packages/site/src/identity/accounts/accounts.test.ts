import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { PASSWORD, callersOf, type Reply } from '../callers.fixture.ts'
import { openIdentityHouse, type IdentityHouse } from '../identity.fixture.ts'

describe.each(engines)('who has an account, on %s', (engine) => {
  let house: IdentityHouse

  beforeAll(async () => {
    house = await openIdentityHouse(engine)
    await house.accounts.ensureAdministrator('the first password')
  })
  afterAll(() => house.close())
  const { ask, post, signIn, sidOf, person } = callersOf(() => house)

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
      const [user] = await house.documents.insert(ADMINISTRATOR, 'User', [
        { email: 'Mixed@Example.COM', first_name: 'Mi', last_name: 'Xed', new_password: PASSWORD },
      ])
      expect(user).toMatchObject({ name: 'mixed@example.com', email: 'mixed@example.com', full_name: 'Mi Xed' })
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
})
