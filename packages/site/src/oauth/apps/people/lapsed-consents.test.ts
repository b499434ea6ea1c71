import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { Browser, connect, me, person, post, readConsent, register, request, swap } from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'

describe.each(engines)('a consent that no app ever used, on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  it('is listed while its code is good, and then no more: it is no consent either', async () => {
    const app = await register(provider, { app_name: 'Never Came', scopes: 'openid Item:read' })
    const user = await person(provider)
    const alice = await new Browser(provider).signIn(user)
    const query = request(app, { scope: 'openid Item:read' })
    await alice.code(query)
    expect((await alice.get('/my-apps')).text).toContain('Never Came')
    expect((await alice.authorize(query)).status).toBe(303)
    provider.advance(61)
    expect((await alice.get('/my-apps')).text).not.toContain('Never Came')
    expect(await provider.grants.list(user)).toEqual([])
    expect(await provider.oauth.apps.listGrants(ADMINISTRATOR, app.id)).toEqual([])
    expect((await alice.authorize(query)).status).toBe(200)
    expect((await swap(provider, app, await alice.code(query))).status).toBe(200)
    provider.advance(61)
    expect((await alice.get('/my-apps')).text).toContain('Never Came')
  })

  it('leaves those beside it alone', async () => {
    const app = await register(provider)
    const user = await person(provider)
    const alice = await new Browser(provider).signIn(user)
    const { access } = await connect(provider, alice, app)
    await alice.code(request(app, { prompt: 'consent' }))
    provider.advance(61)
    expect(await provider.grants.list(user)).toHaveLength(1)
    expect((await me(provider, access)).status).toBe(200)
  })

  it('on a device goes with the device code', async () => {
    const app = await register(provider, { kind: 'native', app_name: 'Terminal', scopes: 'openid Item:read' })
    const user = await person(provider)
    const alice = await new Browser(provider).signIn(user)
    const start = (): ReturnType<typeof post> =>
      post(provider, '/api/method/frappe.integrations.oauth2.device_authorization', { client_id: app.id })
    const allow = async (code: unknown): Promise<number> => {
      const page = await alice.get(`/device?user_code=${String(code)}`)
      return (await alice.post('/device', { ...readConsent(page), decision: 'allow' })).status
    }
    const collect = (device: unknown): ReturnType<typeof post> =>
      post(provider, '/api/method/frappe.integrations.oauth2.get_token', {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        device_code: String(device),
        client_id: app.id,
      })
    const [collected, left] = [(await start()).json, (await start()).json]
    expect([await allow(collected['user_code']), await allow(left['user_code'])]).toEqual([200, 200])
    expect((await collect(collected['device_code'])).status).toBe(200)
    expect(await provider.grants.list(user)).toHaveLength(2)
    provider.advance(601)
    expect(await provider.grants.list(user)).toHaveLength(1)
    provider.advance(86_400)
    await provider.oauth.tidy()
    expect(await provider.grants.list(user)).toHaveLength(1)
    const rows = await provider.database.connection
      .withTables<{ oauth_grant: { id: string; user: string } }>()
      .selectFrom('oauth_grant')
      .select('id')
      .where('user', '=', user)
      .execute()
    expect(rows).toHaveLength(1)
    expect(provider.faults).toEqual([])
  })
})
