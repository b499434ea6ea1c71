import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { callersOf } from '../callers.fixture.ts'
import { openIdentityHouse, type IdentityHouse } from '../identity.fixture.ts'

describe.each(engines)('who is known by a cookie, on %s', (engine) => {
  let house: IdentityHouse

  beforeAll(async () => {
    house = await openIdentityHouse(engine)
    await house.documents.insert(ADMINISTRATOR, 'Role', [{ role_name: 'Sales Clerk' }, { role_name: 'Visitor', desk_access: 0 }])
  })
  afterAll(() => house.close())
  const { ask, signIn, sidOf, me, person } = callersOf(() => house)

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
})
