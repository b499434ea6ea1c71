import { OAUTH_PATHS } from '@annex/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { Browser, ask, connect, formOf, me, person, post, register, request, swap, type App, type Reply } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

const OWN = 'https://spa.example.com'
const OTHER = 'https://other.example.com'
const BASES = ['/api/v1/method/', '/api/v2/method/', '//api/method/', '///api/v1/method/', '//api/v2/method/'] as const
const at = (base: string, path: string): string => path.replace('/api/method/', base)
const DELETE_CLIENT = '/api/method/frappe.www.third_party_apps.delete_client'

describe.each(engines)('the provider on %s', (engine) => {
  let provider: Provider
  let app: App
  let browser: Browser
  beforeAll(async () => {
    provider = await openProvider(engine)
    app = await register(provider, { allowed_origins: OWN })
    await register(provider, { allowed_origins: OTHER })
    browser = await new Browser(provider).signIn(await person(provider))
  })
  afterAll(() => provider.close())

  const byApp = (): Record<string, string> => ({ client_id: app.id, client_secret: app.secret })
  /** Sends what an endpoint is sent, to `/` as a command. */
  const command = (name: string, fields: Record<string, string>, headers: Record<string, string> = {}, path = '/'): Promise<Reply> =>
    post(provider, path, { cmd: `frappe.integrations.oauth2.${name}`, ...fields }, headers)

  describe.each(BASES)('at %s', (base) => {
    it('answers an app bare, from its first request to its last', async () => {
      const page = await browser.get(`${at(base, OAUTH_PATHS.authorize)}?${formOf(request(app, { prompt: 'consent' }))}`)
      expect(page.status).toBe(200)
      const code = (await browser.decide(page)).location?.searchParams.get('code') ?? ''
      const fields = { grant_type: 'authorization_code', code, redirect_uri: 'https://app.example.com/cb', ...byApp() }
      const tokens = await post(provider, at(base, OAUTH_PATHS.token), fields)
      expect([tokens.status, tokens.json['token_type']]).toEqual([200, 'Bearer'])
      const token = String(tokens.json['access_token'])
      const known = await post(provider, at(base, OAUTH_PATHS.introspect), { token, ...byApp() })
      const profile = await ask(provider, at(base, OAUTH_PATHS.profile), { headers: { authorization: `Bearer ${token}` } })
      expect([known.json['active'], profile.json['sub']]).toEqual([true, known.json['sub']])
      const ended = await post(provider, at(base, OAUTH_PATHS.revoke), { token })
      expect([ended.status, ended.json, (await me(provider, token)).status]).toEqual([200, {}, 401])
      const discovery = await ask(provider, at(base, OAUTH_PATHS.configuration))
      expect([discovery.json['issuer'], discovery.headers.get('access-control-allow-origin')]).toEqual([provider.base, '*'])
    })

    it('has the rules of the first address', async () => {
      const token = at(base, OAUTH_PATHS.token)
      expect((await ask(provider, token)).headers.get('allow')).toBe('POST')
      const large = { method: 'POST', headers: { 'content-type': 'application/json' }, body: `{"x":"${'x'.repeat(64 * 1024)}"}` }
      expect((await ask(provider, at(base, OAUTH_PATHS.register), large)).status).toBe(413)
      const origins = [OWN, OTHER].map(async (origin) =>
        (await post(provider, token, byApp(), { origin })).headers.get('access-control-allow-origin'),
      )
      expect(await Promise.all(origins)).toEqual([OWN, null])
      const preflight = { method: 'OPTIONS', headers: { origin: 'https://any.example', 'access-control-request-method': 'GET' } }
      const asked = await ask(provider, at(base, OAUTH_PATHS.configuration), preflight)
      expect(asked.headers.get('access-control-allow-origin')).toBe('*')
      const approve = at(base, OAUTH_PATHS.approve)
      expect((await browser.post(approve, { decision: 'allow' })).status).toBe(400)
      expect((await browser.post(approve, { decision: 'allow' }, { 'sec-fetch-site': 'cross-site' })).status).toBe(400)
    })
  })

  it('counts what it bears once, whatever the address', async () => {
    const own = await register(provider)
    const paths = ['/api/method/', ...BASES].map((base) => at(base, OAUTH_PATHS.introspect))
    const wrong = { client_id: own.id, client_secret: 'wrong', token: 'x' }
    for (let turn = 0; turn < 19; turn += 1) await post(provider, paths[turn % paths.length] ?? '', wrong)
    expect((await command('introspect_token', wrong)).status).toBe(401)
    for (const path of paths) expect((await post(provider, path, wrong)).status, path).toBe(429)
    expect((await command('introspect_token', wrong)).status).toBe(429)
  })

  it('answers commands at any address, under the rules of the endpoint', async () => {
    const code = await browser.code(request(app, { prompt: 'consent' }))
    const redirect = { redirect_uri: 'https://app.example.com/cb' }
    const tokens = await command('get_token', { grant_type: 'authorization_code', code, ...redirect, ...byApp() })
    expect([tokens.status, tokens.json['token_type']]).toEqual([200, 'Bearer'])
    const token = String(tokens.json['access_token'])
    expect((await command('introspect_token', { token, ...byApp() }, {}, '/nowhere')).json['active']).toBe(true)
    expect((await command('openid_profile', {}, { authorization: `Bearer ${token}` })).json).toHaveProperty('sub')
    expect((await command('get_token', byApp())).json['error']).toBe('invalid_request')
    expect((await ask(provider, '/?cmd=frappe.integrations.oauth2.get_token')).status).toBe(405)
    const large = await command('register_client', { x: 'x'.repeat(64 * 1024) })
    expect([large.status, large.json['error']]).toEqual([413, 'invalid_request'])
    const read = [OWN, OTHER].map(async (origin) =>
      (await command('get_token', byApp(), { origin })).headers.get('access-control-allow-origin'),
    )
    expect(await Promise.all(read)).toEqual([OWN, null])
    expect((await command('revoke_token', { token })).json).toEqual({})
    expect((await me(provider, token)).status).toBe(401)
  })

  describe('lets a page of Frappe end what an app was granted', () => {
    const csrfOf = (page: Reply): string => /name="csrf_token" value="([^"]+)"/.exec(page.text)?.[1] ?? ''

    it.each(['/api/method/', ...BASES])('at %s, for its own session alone', async (base) => {
      const other = await new Browser(provider).signIn(await person(provider))
      const [tokens, others] = [await connect(provider, browser, app, { prompt: 'consent' }), await connect(provider, other, app)]
      const path = at(base, DELETE_CLIENT)
      const csrf = { 'x-frappe-csrf-token': csrfOf(await browser.get('/my-apps')) }
      const live = async (): Promise<number[]> =>
        Promise.all([tokens, others].map(async ({ access }) => (await me(provider, access)).status))
      const refused = [
        await browser.post(path, { client_id: app.id }),
        await browser.post(path, { client_id: app.id }, { 'x-frappe-csrf-token': 'wrong' }),
        await browser.post(path, { client_id: app.id }, { ...csrf, 'sec-fetch-site': 'cross-site' }),
        await post(provider, path, { client_id: app.id }),
        await post(provider, path, { client_id: app.id }, { authorization: `Bearer ${tokens.access}` }),
        await browser.get(path),
        await browser.post(path, {}, csrf),
        await browser.post(path, { client_id: '' }, csrf),
      ]
      expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 405, 417, 417])
      expect(await live()).toEqual([200, 200])
      const ended = await browser.post(path, { client_id: app.id }, csrf)
      expect([ended.status, ended.json, await live()]).toEqual([200, {}, [401, 200]])
      expect((await browser.post(path, { client_id: 'nobody' }, csrf)).json).toEqual({})
    })
  })

  it('repeats no token that stands where a name should', async () => {
    const { access, refresh } = await connect(provider, browser, app, { prompt: 'consent' })
    const addresses = (text: string): string[] => [
      `/nowhere/${text}`,
      `/${text}`,
      `/?cmd=${text}`,
      `${OAUTH_PATHS.authorize}?scope=${text}&client_id=${text}`,
    ]
    for (const text of [access, refresh, app.secret]) {
      for (const path of addresses(text)) {
        const page = await browser.get(path)
        const json = await ask(provider, path, { headers: { authorization: `Bearer ${access}`, accept: 'application/json' } })
        expect(page.text + json.text, path).not.toContain(text)
      }
      const asked = await post(provider, OAUTH_PATHS.token, { grant_type: text, scope: text, ...byApp() })
      expect(asked.text).not.toContain(text)
      const incident = await provider.audit.refuse({ event: 'permission refused', act: `read ${text}`, scope: `${text}:read` })
      await provider.audit.flush(true)
      expect(JSON.stringify(await provider.trail.incident(incident))).not.toContain(text)
    }
  })

  it('takes no second use of a code at another address', async () => {
    const code = await browser.code(request(app, { prompt: 'consent' }))
    const first = await swap(provider, app, code)
    const fields = { grant_type: 'authorization_code', code, redirect_uri: 'https://app.example.com/cb', ...byApp() }
    const second = await post(provider, at('/api/v2/method/', OAUTH_PATHS.token), fields)
    expect([first.status, second.json['error']]).toEqual([200, 'invalid_grant'])
    expect((await me(provider, String(first.json['access_token']))).status).toBe(401)
  })
})
