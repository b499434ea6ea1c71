import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { endedCookies } from '../../identity/sessions/session-cookies.ts'
import { Principals } from '../../identity/principals.ts'
import { ADMINISTRATOR, type Principal } from '../../policy/principal.ts'
import { Admission } from '../admission.ts'
import type { Client } from '../clients/client.ts'
import { readClient } from '../clients/clients-store.ts'
import type { Users } from '../oauth-parts.ts'
import { SETTINGS } from '../settings.ts'
import { Browser, connect, person, register, request } from './app.fixture.ts'
import { watched } from './failing-database.fixture.ts'
import { openProvider, type Provider } from './provider.fixture.ts'
import { usersOf } from '../users.ts'

describe.each(engines)('whom apps may act for, on %s', (engine) => {
  let provider: Provider
  let users: Users
  let admission: Admission
  let user: string

  const open = (allowAdministrator: boolean): Admission => new Admission({ ...provider, users, allowAdministrator })

  beforeAll(async () => {
    provider = await openProvider(engine)
    const principals = new Principals({ ...provider, doctypeOf: (name) => provider.doctypes.get(name), defaultsOf: async () => new Map() })
    users = usersOf({ ...provider, principals })
    admission = open(false)
    user = await person(provider, { roles: [{ role: 'Desk User' }] })
  })
  afterAll(() => provider.close())

  /** As whoever calls a program's endpoint finds it: what is kept in memory is as new as the change. */
  const update = async (doctype: string, name: string, values: Record<string, unknown>): Promise<void> => {
    await provider.documents.update(ADMINISTRATOR, { doctype, name, values })
    await provider.generation.observe(await provider.generation.read())
  }
  const client = async (values: Record<string, unknown> = {}): Promise<Client> =>
    (await readClient(provider.database.connection, (await register(provider, values)).id))!
  const disabled = async (): Promise<string> => {
    const name = await person(provider)
    await update('User', name, { enabled: 0 })
    return name
  }
  const switchedOff = async (): Promise<string> => {
    const name = await person(provider)
    await update('User', name, { api_access: 'Off' })
    return name
  }
  const SITE = 'API access is switched off for this site; a System Manager can switch it on in OAuth Settings'

  it('is never a guest, and Administrator where the site allows it alone', () => {
    expect(['Guest', 'Administrator', user].map((name) => admission.admits(name))).toEqual([false, false, true])
    expect(['Guest', 'Administrator', user].map((name) => open(true).admits(name))).toEqual([false, true, true])
  })

  it('is whoever is there and enabled, and for whom programs may act', async () => {
    const app = await client({ authorization_policy: 'Everyone' })
    expect(await admission.knows(user, app, null)).toBe(true)
    for (const name of [await disabled(), await switchedOff(), 'nobody@example.com', 'Administrator', 'Guest'])
      expect(await admission.knows(name, app, null), name).toBe(false)
    expect(await open(true).knows('Administrator', app, null)).toBe(true)
  })

  it('is nobody while API access is switched off, and everybody again afterwards', async () => {
    const [app, off] = [await client(), await switchedOff()]
    await update('OAuth Settings', SETTINGS, { api_access: 'Off' })
    const refusal = { code: 'unauthorized_client', message: SITE }
    expect(await admission.knows(user, app, null)).toBe(false)
    await expect(admission.allows(app, user)).rejects.toMatchObject(refusal)
    await expect(admission.serves(app, user)).rejects.toMatchObject(refusal)
    expect([await admission.allows(app, 'nobody@example.com'), await admission.serves(app, 'nobody@example.com')]).toEqual([false, false])
    await update('OAuth Settings', SETTINGS, { api_access: 'On' })
    expect([await admission.knows(user, app, null), await admission.allows(app, user), await admission.serves(app, user)]).toEqual([
      true,
      true,
      true,
    ])
    const own = {
      code: 'unauthorized_client',
      message: `API access is switched off for ${off}; a System Manager can switch it on in the User`,
    }
    await expect(admission.allows(app, off)).rejects.toMatchObject(own)
    await expect(admission.serves(app, off)).rejects.toMatchObject(own)
  })

  it('is for an app whom its roles are open to, while it is in use', async () => {
    const desk = await client({ allowed_roles: [{ role: 'Desk User' }] })
    const managers = await client({ allowed_roles: [{ role: 'System Manager' }] })
    const everyone = await client({ authorization_policy: 'Everyone', allowed_roles: [{ role: 'System Manager' }] })
    const allowed = async (app: Client, name = user): Promise<boolean> => admission.allows(app, name)
    expect([await allowed(desk), await allowed(managers), await allowed(everyone)]).toEqual([true, false, true])
    expect(await allowed({ ...desk, enabled: false })).toBe(false)
    expect([await allowed(desk, await disabled()), await allowed(desk, 'Administrator')]).toEqual([false, false])
    await update('User', user, { roles: [{ role: 'Desk User' }, { role: 'System Manager' }] })
    expect([await allowed(managers), await admission.knows(user, managers, null)]).toEqual([true, true])
    await update('User', user, { roles: [{ role: 'Desk User' }] })
    expect([await allowed(managers), await admission.knows(user, managers, null)]).toEqual([false, false])
    expect(await admission.knows(user, managers, 'service')).toBe(true)
  })

  it('is for an app that asks for approval whom a System Manager approved', async () => {
    const app = await client({ authorization_policy: 'After Approval' })
    const { approvals } = provider.oauth.clients
    expect(await admission.allows(app, user)).toBe(false)
    const asking = { id: app.id, secret: '' }
    await (await new Browser(provider).signIn(user)).authorize(request(asking))
    expect(await admission.allows(app, user)).toBe(false)
    await approvals.refuse(ADMINISTRATOR, app.id, user)
    expect(await admission.allows(app, user)).toBe(false)
    const other = await person(provider)
    await (await new Browser(provider).signIn(other)).authorize(request(asking))
    await approvals.approve(ADMINISTRATOR, app.id, other)
    expect([await admission.allows(app, other), await admission.allows(app, user)]).toEqual([true, false])
    await provider.documents.remove(ADMINISTRATOR, { doctype: 'User', name: other })
    expect([await admission.isApproved(app.id, other), await admission.isApproved('no such app', user)]).toEqual([false, false])
  })

  it('is asked about anew when the app could not be read', async () => {
    const app = await client({ authorization_policy: 'Everyone' })
    let isBroken = true
    const database = watched(provider.database, () => {
      if (isBroken) throw new Error('the disk is full')
    })
    const failing = new Admission({ ...provider, database, users, allowAdministrator: false })
    const principal = (await users.principal(user))!
    await expect(failing.holds(principal, app.id, null)).rejects.toThrow('the disk is full')
    isBroken = false
    expect(await failing.holds(principal, app.id, null)).toBe(true)
  })

  it('is for a service its user, unless that one rules the site and the service is fenced', async () => {
    const [fenced, unfenced] = [await client(), await client({ unfenced: 1 })]
    const manager = await person(provider, { roles: [{ role: 'System Manager' }] })
    const serves = (name: string, who = admission): Promise<boolean[]> =>
      Promise.all([who.serves(fenced, name), who.serves(unfenced, name)])
    expect(await serves(user)).toEqual([true, true])
    expect(await serves(manager)).toEqual([false, true])
    expect(await serves(await disabled())).toEqual([false, false])
    expect(await serves('Administrator')).toEqual([false, false])
    expect(await serves('Administrator', open(true))).toEqual([true, true])
  })

  describe('as identity knows them', () => {
    it('says of a person what claims say', async () => {
      const ann = await person(provider, { first_name: 'Ann', last_name: 'Lee', roles: [{ role: 'Desk User' }] })
      const account = await provider.accounts.read(ann)
      const known = await users.person(ann)
      expect({ ...known, roles: new Set(known?.roles) }).toEqual({
        sub: account?.sub,
        fullName: 'Ann Lee',
        firstName: 'Ann',
        lastName: 'Lee',
        picture: account?.userImage,
        roles: new Set(['Desk User', 'All', 'Guest']),
        email: ann,
      })
      expect(await users.person('Administrator')).not.toHaveProperty('email')
      expect(await users.person('Administrator')).toMatchObject({ firstName: 'Administrator' })
      expect([await users.person('nobody@example.com'), await users.person(await disabled())]).toEqual([undefined, undefined])
    })

    it('knows sessions, holds them and ends them', async () => {
      const name = await person(provider)
      const browser = await new Browser(provider).signIn(name)
      await connect(provider, browser, await register(provider))
      const [grant] = await provider.grants.list(name)
      const session = grant?.session ?? ''
      expect(Math.abs(Number(await users.signedInAt(session)) - provider.now())).toBeLessThan(60_000_000)
      const held = (): Promise<boolean> => provider.database.transaction((transaction) => users.holdSession(transaction, session))
      expect(await held()).toBe(true)
      expect(await users.endSession(session)).toBe(endedCookies)
      expect([await users.signedInAt(session), await held()]).toEqual([undefined, false])
      expect((await browser.get('/my-apps')).location?.pathname).toBe('/login')
      const principal = (await users.principal(name))!
      expect((await users.principal(name, { ...({} as NonNullable<Principal['token']>), hash: 'h' }))?.token?.hash).toBe('h')
      expect([principal.user, principal.token]).toEqual([name, undefined])
    })
  })
})
