import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { INTROSPECT, REVOKE, TOKEN, me, person, post, register, tokensOf, type App, type Reply } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { traces } from '../testing/trail.fixture.ts'

function expectError(reply: Reply, error: string): void {
  expect({ status: reply.status, error: reply.json['error'] }).toEqual({ status: error === 'invalid_client' ? 401 : 400, error })
  expect(reply.headers.get('cache-control')).toBe('no-store')
}

describe.each(engines)('An app that acts for itself, on %s,', (engine) => {
  let provider: Provider
  let robot: string
  let service: App

  beforeAll(async () => {
    provider = await openProvider(engine)
    robot = await person(provider)
    service = await own()
  })
  afterAll(() => provider.close())

  const own = (values: Record<string, unknown> = {}): Promise<App> =>
    register(provider, { kind: 'service', service_user: robot, scopes: 'openid Item:read Item:write', ...values })
  const ask = (app: App, values: Record<string, string> = {}): Promise<Reply> =>
    post(provider, TOKEN, { grant_type: 'client_credentials', client_id: app.id, client_secret: app.secret, ...values })
  const grantsOf = async (app: App): Promise<Record<string, unknown>[]> =>
    (
      await sql<Record<string, unknown>>`select * from oauth_grant where client = ${app.id} order by created`.execute(
        provider.database.connection,
      )
    ).rows
  const change = (app: App, values: Record<string, unknown>): Promise<unknown> =>
    provider.oauth.clients.update(ADMINISTRATOR, app.id, values)

  it('gets a token that is its service user’s, with nothing to renew and nobody to know', async () => {
    const reply = await ask(service)
    expect(reply.status).toBe(200)
    expect(Object.keys(reply.json)).toEqual(['access_token', 'expires_in', 'token_type', 'scope'])
    expect(reply.json).toMatchObject({ expires_in: 3600, token_type: 'Bearer', scope: 'Item:read Item:write' })
    expect(reply.headers.get('cache-control')).toBe('no-store')
    const { access } = tokensOf(reply)
    expect((await me(provider, access)).json).toEqual({ user: robot, scopes: ['Item:read', 'Item:write'] })
  })

  it('has each of its tokens in the trail, with its user and its grant', async () => {
    const app = await own()
    await ask(app)
    await ask(app, { scope: 'Item:read' })
    const [grant] = await grantsOf(app)
    const trail = await traces(provider, app.id, 'oauth.token.issued')
    expect(trail.map(({ user, grant: of, detail }) => [user, of, detail['scope']])).toEqual([
      [robot, grant?.['id'], 'Item:read Item:write'],
      [robot, grant?.['id'], 'Item:read'],
    ])
  })

  it('is one grant, however many tokens it takes', async () => {
    const app = await own({ scopes: 'Item:* Sales.Invoice:read' })
    for (const scope of ['', 'Item:read', 'Item:write', 'Sales.Invoice:read', 'Item:read Item:create'])
      expect((await ask(app, { scope })).status).toBe(200)
    const grants = await grantsOf(app)
    expect(grants.length).toBeLessThanOrEqual(2)
    for (let count = 0; count < 5; count += 1) await ask(app, { scope: 'Item:delete' })
    expect(await grantsOf(app)).toEqual(grants)
    expect(grants.at(-1)).toMatchObject({ user: robot, kind: 'service', session: null, rejected: '' })
  })

  it('has a new grant before the old one ends, and when its rights have changed', async () => {
    const app = await own({ absolute_lifetime: 1, access_token_lifetime: 600 })
    expect((await ask(app)).json['expires_in']).toBe(600)
    provider.advance(86_400 - 300)
    expect((await ask(app)).json['expires_in']).toBe(600)
    await change(app, { scopes: 'Item:read' })
    const reply = await ask(app)
    expect(reply.json['scope']).toBe('Item:read')
    expect(await grantsOf(app)).toHaveLength(3)
    expect((await grantsOf(app)).at(-1)).toMatchObject({ granted: 'Item:read' })
  })

  it('is ended as a whole by ending its grant, and can begin anew', async () => {
    const app = await own()
    const [first, second] = [tokensOf(await ask(app)), tokensOf(await ask(app))]
    expect(await provider.grants.revoke({ client: app.id }, 'client_retired')).toBe(1)
    for (const { access } of [first, second]) expect((await me(provider, access)).status).toBe(401)
    expect((await me(provider, tokensOf(await ask(app)).access)).status).toBe(200)
  })

  it('may end one token, and its others live on', async () => {
    const app = await own()
    const [first, second] = [tokensOf(await ask(app)), tokensOf(await ask(app))]
    expect((await post(provider, REVOKE, { token: first.access })).json).toEqual({})
    expect((await me(provider, first.access)).status).toBe(401)
    expect((await me(provider, second.access)).status).toBe(200)
  })

  it('learns from introspection whose rights it has', async () => {
    const { access } = tokensOf(await ask(service, { resource: `${provider.base}/api` }))
    const { json } = await post(provider, INTROSPECT, { token: access, client_id: service.id, client_secret: service.secret })
    expect(json).toMatchObject({ active: true, client_id: service.id, username: robot, token_type: 'Bearer', aud: `${provider.base}/api` })
    expect(typeof json['sub']).toBe('string')
    expect(json).not.toHaveProperty('email')
  })

  it('C22 is no app of another kind, none without a secret, and none that registered itself', async () => {
    for (const app of [
      await register(provider),
      await register(provider, { kind: 'public' }),
      await register(provider, { kind: 'native' }),
    ])
      expectError(await ask(app, app.secret === '' ? { client_secret: '' } : {}), 'unauthorized_client')
    const dynamic = await own()
    await sql`update "tabOAuth Client" set dynamically_registered = 1 where name = ${dynamic.id}`.execute(provider.database.connection)
    expectError(await ask(dynamic), 'unauthorized_client')
    expectError(await ask(service, { client_secret: '' }), 'invalid_client')
    expectError(await ask(service, { client_secret: 'wrong' }), 'invalid_client')
    expect(await grantsOf(dynamic)).toEqual([])
  })

  it.each([
    'openid',
    'profile',
    'email',
    'roles',
    'offline_access',
    'all',
    'Item:read all',
    'Item:delete',
    '*:read',
    'Sales.Invoice:read',
    'nonsense',
  ])('C23 gets no %s that was not assigned', async (scope) => expectError(await ask(service, { scope }), 'invalid_scope'))

  it('C23 gets all when it was assigned, and who somebody is never', async () => {
    const app = await own({ scopes: 'openid profile all' })
    expect((await ask(app)).json['scope']).toBe('all')
    expect((await ask(app, { scope: 'all' })).json['scope']).toBe('all')
    expectError(await ask(app, { scope: 'openid all' }), 'invalid_scope')
    expectError(await ask(await own({ scopes: 'openid' })), 'invalid_scope')
  })

  it('cannot widen its rows, nor be for another site', async () => {
    expectError(await ask(service, { authorization_details: '[]' }), 'invalid_authorization_details')
    expectError(await ask(service, { resource: 'https://elsewhere.example' }), 'invalid_target')
  })

  it('gets what its sets hold, and nothing that its row filters leave no room for', async () => {
    const scope_sets = JSON.stringify({ stock: { title: 'Stock', scopes: ['Item:read', 'Item:write'] } })
    await provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Settings', name: 'OAuth Settings', values: { scope_sets } })
    await provider.generation.observe(await provider.generation.read())
    const app = await own({ scopes: 'set:stock Sales.Invoice:read' })
    expect((await ask(app, { scope: 'set:stock' })).json['scope']).toBe('Item:read Item:write')
    expect((await ask(app)).json['scope']).toBe('Item:read Item:write Sales.Invoice:read')
    const filtered = await own({ scopes: 'all Item:read' })
    const row_filters = JSON.stringify({ Item: [['title', '=', 'Crate']] })
    await sql`update "tabOAuth Client" set row_filters = ${row_filters} where name = ${filtered.id}`.execute(provider.database.connection)
    expect((await ask(filtered)).json['scope']).toBe('Item:read')
    expectError(await ask(filtered, { scope: 'all' }), 'invalid_scope')
  })

  it('C24 gets nothing once its service user is disabled, and its tokens are dead', async () => {
    const user = await person(provider)
    const app = await own({ service_user: user })
    const { access } = tokensOf(await ask(app))
    await provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { enabled: 0 } })
    expectError(await ask(app), 'invalid_grant')
    expect((await me(provider, access)).status).toBe(401)
    const inactive = await post(provider, INTROSPECT, { token: access, client_id: app.id, client_secret: app.secret })
    expect(inactive.json).toEqual({ active: false })
  })

  it('does not stand for a consent of its service user', async () => {
    const app = await own({ kind: 'agent', scopes: 'Item:read' })
    await ask(app)
    const remembered = await provider.grants.readRemembered(robot, app.id, () => true)
    expect([...remembered.granted]).toEqual([])
  })
})
