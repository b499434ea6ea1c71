import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { Browser, INTROSPECT, connect, me, person, post, register, renew, request, swap, type App } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

const SELLERS = { allowed_roles: [{ role: 'Seller' }, { role: 'Buyer' }] }

describe.each(engines)('a user without any of the roles that an app is open to, on %s', (engine) => {
  let provider: Provider
  beforeAll(async () => {
    provider = await openProvider(engine)
    await provider.documents.insert(
      ADMINISTRATOR,
      'Role',
      ['Seller', 'Buyer', 'Clerk'].map((name) => ({ role_name: name, desk_access: 1 })),
    )
  })
  afterAll(() => provider.close())

  /** As after a request: whoever asks has seen what another changed. */
  const update = async (doctype: string, name: string, values: Record<string, unknown>): Promise<void> => {
    await provider.documents.update(ADMINISTRATOR, { doctype, name, values })
    await provider.generation.observe(await provider.generation.read())
  }
  const set = async (values: Record<string, unknown> = SELLERS) => {
    const user = await person(provider, { roles: [{ role: 'Seller' }, { role: 'Clerk' }] })
    const app = await register(provider, values)
    return { user, app, ...(await connect(provider, await new Browser(provider).signIn(user), app)) }
  }
  /** What is made of the access token by a call and by introspection, and how many consents are left. */
  const state = async ({ user, app, access }: { user: string; app: App; access: string }): Promise<unknown[]> => {
    const asked = await post(provider, INTROSPECT, { token: access, client_id: app.id, client_secret: app.secret })
    return [(await me(provider, access)).status, asked.json['active'], (await provider.grants.list(user, app.id)).length]
  }
  const explained = async (user: string, access: string): Promise<string> => {
    const explanation = await provider.oauth.explain.token({ ...ADMINISTRATOR, user }, access, { right: 'read', doctype: 'Item' })
    return explanation === 'not entitled' ? '' : explanation.findings.map(({ sentence }) => sentence).join('\n')
  }

  it.each([
    ['lost them', ({ user }: { user: string }) => update('User', user, { roles: [{ role: 'Clerk' }] })],
    [
      'was given none of those it asks for by now',
      ({ app }: { app: App }) => update('OAuth Client', app.id, { allowed_roles: [{ role: 'Buyer' }] }),
    ],
  ])('who %s, is asked for consent anew: token, introspection and refresh end at once', async (_what, act) => {
    const [one, another] = [await set(), await set({ authorization_policy: 'Everyone' })]
    expect([await state(one), await state(another)]).toEqual([
      [200, true, 1],
      [200, true, 1],
    ])
    await act(one)
    expect([await state(one), await state(another)]).toEqual([
      [401, false, 0],
      [200, true, 1],
    ])
    expect((await renew(provider, one.app, one.refresh)).json['error']).toBe('invalid_grant')
    expect(provider.events.find((event) => event.event === 'grant.revoked' && event.user === one.user)).toMatchObject({
      reason: 'role_lost',
    })
    const said = await explained(one.user, one.access)
    expect(said).toContain('(role_lost)')
    expect(said).toMatch(/The app is open to other roles \(.*Buyer\), of which person\d+@example.com has none/)
  })

  it('whose role sleeps, is refused for as long, and their consent stays', async () => {
    const one = await set()
    expect(await state(one)).toEqual([200, true, 1])
    await update('Role', 'Seller', { disabled: 1 })
    expect(await state(one)).toEqual([401, false, 1])
    expect((await renew(provider, one.app, one.refresh)).json['error']).toBe('invalid_grant')
    expect(await explained(one.user, one.access)).toContain('The app is open to other roles (Seller, Buyer), of which')
    await update('Role', 'Seller', { disabled: 0 })
    expect(await state(one)).toEqual([200, true, 1])
    expect((await renew(provider, one.app, one.refresh)).status).toBe(200)
  })

  it('has not lost anything with a role that no app asks for, or by another that it does', async () => {
    const one = await set()
    await update('User', one.user, { roles: [{ role: 'Seller' }] })
    await update('User', one.user, { roles: [{ role: 'Buyer' }] })
    await update('OAuth Client', one.app.id, { allowed_roles: [{ role: 'Buyer' }] })
    await update('OAuth Client', one.app.id, { authorization_policy: 'Everyone', allowed_roles: [{ role: 'Clerk' }] })
    expect(await state(one)).toEqual([200, true, 1])
  })

  it('is refused where approval is asked for by now, with every token alike', async () => {
    const one = await set()
    await update('OAuth Client', one.app.id, { authorization_policy: 'After Approval' })
    expect(await state(one)).toEqual([401, false, 1])
    expect((await renew(provider, one.app, one.refresh)).json['error']).toBe('invalid_grant')
  })

  it('is nobody to an app that acts for itself: an administrator named its user', async () => {
    const user = await person(provider, { roles: [{ role: 'Clerk' }] })
    const app = await register(provider, { ...SELLERS, kind: 'service', service_user: user, scopes: 'Item:read' })
    const own = await post(provider, '/api/method/frappe.integrations.oauth2.get_token', {
      grant_type: 'client_credentials',
      client_id: app.id,
      client_secret: app.secret,
    })
    const access = String(own.json['access_token'])
    expect((await state({ user, app, access })).slice(0, 2)).toEqual([200, true])
    await update('OAuth Client', app.id, { allowed_roles: [{ role: 'Buyer' }] })
    await update('User', user, { roles: [{ role: 'Desk User' }] })
    expect((await state({ user, app, access })).slice(0, 2)).toEqual([200, true])
  })

  it('gets nothing for a code from before', async () => {
    const user = await person(provider, { roles: [{ role: 'Seller' }] })
    const app = await register(provider, SELLERS)
    const code = await (await new Browser(provider).signIn(user)).code(request(app))
    await update('User', user, { roles: [] })
    expect((await swap(provider, app, code)).json['error']).toBe('invalid_grant')
  })
})
