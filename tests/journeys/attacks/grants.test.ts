import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api, pathOf } from '../../support/callers/api.ts'
import {
  authorizationUrl,
  connect,
  exchange,
  registerApp,
  renew,
  tokensOf,
  type App,
  type Tokens,
} from '../../support/callers/connected-app.ts'
import { engines } from '../../support/databases.ts'
import { readTable, type StoredRow } from '../../support/stolen/stored.ts'
import { doctype, expectDiscreet, MIA, PASSWORD, World } from './world.fixture.ts'

describe.each(engines)('What a grant outlives and what ends it, on %s', (engine) => {
  let world: World
  let people = 0
  beforeAll(async () => {
    world = await World.open(engine)
  })
  afterAll(() => world.close())

  /** A new person, connected. */
  async function connected(app: App = world.app, scope = 'openid all'): Promise<{ user: string; tokens: Tokens }> {
    people += 1
    const user = `person${people}@example.com`
    await world.admin.insert('User', { email: user, first_name: `Person ${people}`, new_password: PASSWORD })
    return { user, tokens: await connect(await world.visitor(user), app, scope) }
  }

  const whoIs = async (token: string): Promise<number> =>
    (await Api.byToken(world.site.url, token).get('frappe.auth.get_logged_user')).status
  const grantOf = async (user: string): Promise<StoredRow | undefined> =>
    (await readTable(world.site.databaseUrl, 'oauth_grant')).find((grant) => grant['user'] === user)

  async function expectDead({ access, refresh }: Tokens): Promise<void> {
    expect(await whoIs(access)).toBe(401)
    const refused = await renew(world.site.url, world.app, refresh)
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expectDiscreet(refused, [refresh])
  }

  it.each<[sentence: string, act: (user: string, self: Api) => Promise<unknown>, reason: string, event: string]>([
    [
      'their password was changed by a System Manager',
      async (user) => (await world.session(MIA)).update('User', user, { new_password: 'An-0ther-good-one' }),
      'credentials_changed',
      'password changed',
    ],
    [
      'they changed their password',
      (user, self) => self.update('User', user, { new_password: 'An-0ther-good-one' }),
      'credentials_changed',
      'password changed',
    ],
    ['they were disabled', (user) => world.admin.update('User', user, { enabled: 0 }), 'credentials_changed', 'user disabled'],
    ['they were removed', (user) => world.admin.send('DELETE', pathOf('User', user)), 'credentials_changed', 'user removed'],
  ])('D11 the apps and the sessions of a person are out when %s', async (_sentence, act, reason, event) => {
    const { user, tokens } = await connected()
    const self = await world.session(user)
    expect(await whoIs(tokens.access)).toBe(200)
    const trail = (await world.trail()).length
    await act(user, self)
    await expectDead(tokens)
    expect((await self.get('frappe.auth.get_logged_user')).body).toMatchObject({ session_expired: 1, exc_type: 'PermissionError' })
    expect(await grantOf(user)).toMatchObject({ reason, revoked_at: expect.any(Number) as number })
    expect((await readTable(world.site.databaseUrl, 'session')).filter((session) => session['user'] === user)).toEqual([])
    const events = (await world.trail()).slice(trail)
    expect(events.map((row) => row['event'])).toEqual(expect.arrayContaining([event, 'oauth.grant.revoked']))
    expect(JSON.parse(String(events.find((row) => row['event'] === 'oauth.grant.revoked')?.['detail']))).toEqual({ reason })
  })

  it('D11 a name that changes ends nothing', async () => {
    const { user, tokens } = await connected()
    await world.admin.update('User', user, { last_name: 'Married' })
    expect(await whoIs(tokens.access)).toBe(200)
  })

  it('D01 a refresh token that comes again after its successor was used ends the grant, and the trail says so', async () => {
    const { user, tokens } = await connected()
    const second = tokensOf(await renew(world.site.url, world.app, tokens.refresh))
    const third = tokensOf(await renew(world.site.url, world.app, second.refresh))
    expect(await whoIs(third.access)).toBe(200)
    const { reply, changed, events } = await world.watch(() => renew(world.site.url, world.app, tokens.refresh))
    expect(reply).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(changed).toEqual(['oauth_grant'])
    expect(events).toMatchObject([{ event: 'oauth.grant.revoked', user, client: world.app.id }])
    expect(JSON.parse(String(events[0]?.['detail']))).toEqual({ reason: 'token_reuse' })
    await expectDead({ ...third, code: '' })
  })

  it('C01 a code that comes again ends what it gave, and the trail says so', async () => {
    const { user, tokens } = await connected()
    const { reply, changed, events } = await world.watch(() => exchange(world.site.url, world.app, tokens.code))
    expect(reply).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expectDiscreet(reply, [tokens.code])
    expect(changed).toEqual(['oauth_grant'])
    expect(events).toMatchObject([
      { event: 'oauth.grant.revoked', user },
      { event: 'oauth.token.refused', client: world.app.id },
    ])
    expect(JSON.parse(String(events[0]?.['detail']))).toEqual({ reason: 'code_replay' })
    await expectDead(tokens)
  })

  it('F10 a DocType made again under its old name is not the one that was granted', async () => {
    const values = { ...doctype('Pallet'), permissions: [{ role: 'All', select: 1 }] }
    await world.admin.insert('DocType', values)
    await world.admin.insert('Pallet', { title: 'Old' })
    const app = await registerApp(world.admin, { scopes: 'openid Pallet:read *:read' })
    const { user, tokens } = await connected(app, 'openid Pallet:read')
    expect((await Api.byToken(world.site.url, tokens.access).list('Pallet')).body).toEqual({ data: [{ name: 'Old' }] })
    expect((await world.admin.send('DELETE', pathOf('Pallet', 'Old'))).status).toBe(202)
    expect((await world.admin.send('DELETE', pathOf('DocType', 'Pallet'))).status).toBe(202)
    await world.admin.insert('DocType', values)
    await world.admin.insert('Pallet', { title: 'New' })

    const renewed = tokensOf(await renew(world.site.url, app, tokens.refresh))
    for (const { access } of [tokens, renewed]) {
      const { reply, changed, events } = await world.watch(() => Api.byToken(world.site.url, access).list('Pallet'))
      expect(reply.status).toBe(403)
      expect(reply.headers.get('www-authenticate')).toContain('scope="Pallet:read"')
      expect(reply.text).not.toContain('New')
      expect(changed).toEqual([])
      expect(events).toMatchObject([{ event: 'scope refused', user, client: app.id }])
      expect(await whoIs(access)).toBe(200)
    }
    const visitor = await world.visitor(user)
    expect((await visitor.get(authorizationUrl(app, 'openid Pallet:read'))).text).toContain('value="Pallet:read"')
    const again = await connect(visitor, app, 'openid Pallet:read')
    expect((await Api.byToken(world.site.url, again.access).list('Pallet')).body).toEqual({ data: [{ name: 'New' }] })
  })

  it('a role that is taken away is gone for the token at once', async () => {
    await world.admin.insert('Role', { role_name: 'Storekeeper', desk_access: 1 })
    await world.admin.insert('DocType', { ...doctype('Shelf'), permissions: [{ role: 'Storekeeper' }] })
    const app = await registerApp(world.admin, { scopes: 'Shelf:read' })
    people += 1
    const user = `person${people}@example.com`
    await world.admin.insert('User', { email: user, first_name: 'Stella', new_password: PASSWORD, roles: [{ role: 'Storekeeper' }] })
    const { access } = await connect(await world.visitor(user), app, 'Shelf:read')
    expect((await Api.byToken(world.site.url, access).list('Shelf')).status).toBe(200)
    await world.admin.update('User', user, { roles: [] })
    expect((await Api.byToken(world.site.url, access).list('Shelf')).status).toBe(403)
  })
})
