import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { Browser, ask, connect, me, person, register, type Reply } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

const AS = '/.well-known/oauth-authorization-server'
const OPENID = '/.well-known/openid-configuration'
const RESOURCE = '/.well-known/oauth-protected-resource'

describe.each(engines)('what the provider says of itself on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  const get = (path: string): Promise<Reply> => ask(provider, path)
  const set = (values: Record<string, unknown>): Promise<unknown> =>
    provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Settings', name: 'OAuth Settings', values })

  it('names what there is and nothing else', async () => {
    const { json } = await get(OPENID)
    const base = `${provider.base}/api/method/frappe.integrations.oauth2.`
    expect(json).toMatchObject({
      issuer: provider.base,
      end_session_endpoint: `${base}end_session`,
      device_authorization_endpoint: `${base}device_authorization`,
      grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types_supported: ['code'],
      id_token_signing_alg_values_supported: ['ES256'],
      authorization_details_types_supported: ['frappe_doctype'],
      protected_resources: [provider.base],
    })
    expect(json).not.toHaveProperty('registration_endpoint')
    expect(json['scopes_supported']).toEqual(['openid', 'profile', 'email', 'roles', 'offline_access', 'all'])
  })

  it('names endpoints that answer', async () => {
    const { json } = await get(OPENID)
    for (const [name, value] of Object.entries(json)) {
      if (!name.endsWith('_endpoint') && name !== 'jwks_uri') continue
      const url = new URL(String(value))
      const reply = await ask(provider, url.pathname, { method: name === 'jwks_uri' || name === 'authorization_endpoint' ? 'GET' : 'POST' })
      expect([name, [404, 405, 500].includes(reply.status)]).toEqual([name, false])
    }
  })

  it('lists the sets that the managers made, and the endpoint where programs register themselves when they may', async () => {
    await set({
      scope_sets: JSON.stringify({ sales: { title: 'Sales', scopes: ['Item:read'] } }),
      dynamic_registration: 'After Approval',
      registration_scopes: 'openid Item:read Item:*',
    })
    const { json } = await get(AS)
    expect(json['scopes_supported']).toContain('set:sales')
    expect(json['registration_endpoint']).toBe(`${provider.base}/api/method/frappe.integrations.oauth2.register_client`)
    expect((await get(RESOURCE)).json['scopes_supported']).toEqual(['openid', 'Item:read'])
    await set({ scope_sets: '', dynamic_registration: 'Off', registration_scopes: 'openid profile email' })
    expect((await get(RESOURCE)).json['scopes_supported']).toContain('all')
  })

  it.each([`${AS}/api`, `${AS}/api/method/x`, `${OPENID}/api/resource`, `/api${OPENID}`])(
    'is found at %s too, and is the one issuer there',
    async (path) => {
      expect((await get(path)).json).toEqual((await get(AS)).json)
    },
  )

  it('answers for the API as a whole and for each path of it', async () => {
    expect((await get(RESOURCE)).json).toMatchObject({
      resource: provider.base,
      authorization_servers: [provider.base],
      bearer_methods_supported: ['header'],
    })
    expect((await get(`${RESOURCE}/api/method/x`)).json).toMatchObject({ resource: `${provider.base}/api/method/x` })
    for (const path of ['/elsewhere', '/apix', '/.well-known/x']) expect((await get(RESOURCE + path)).status).toBe(404)
  })

  it('may be read by any page, and kept for five minutes', async () => {
    for (const path of [AS, OPENID, RESOURCE, '/.well-known/jwks.json']) {
      const { headers } = await get(path)
      expect([headers.get('access-control-allow-origin'), headers.get('cache-control')]).toEqual(['*', 'public, max-age=300'])
    }
  })

  it('is named by every 401 and 403 of the API, with what else the refusal says', async () => {
    const named = `resource_metadata="${provider.base}${RESOURCE}"`
    const alice = await new Browser(provider).signIn(await person(provider))
    const { access } = await connect(provider, alice, await register(provider, { scopes: 'profile Item:read' }), { scope: 'profile' })
    const bound = await connect(provider, alice, await register(provider, { ip_ranges: '127.0.0.0/8' }))
    const refusals = [
      await me(provider, 'at1_rubbish'),
      await ask(provider, '/api/me', { headers: { authorization: 'token a:b' } }),
      await ask(provider, '/api/me', { headers: { authorization: 'Digest x' } }),
      await ask(provider, '/api/method/frappe.integrations.oauth2.openid_profile'),
      await ask(provider, '/api/method/frappe.integrations.oauth2.openid_profile', { headers: { authorization: `Bearer ${access}` } }),
      await me(provider, bound.access, { 'x-forwarded-for': '198.51.100.7' }),
      await alice.get('/connected-apps'),
    ]
    expect(refusals.map(({ status }) => status)).toEqual([401, 401, 401, 401, 403, 401, 403])
    for (const { headers } of refusals) expect(headers.get('www-authenticate')).toMatch(/^Bearer /)
    for (const { headers } of refusals) expect(headers.get('www-authenticate')).toContain(named)
    expect(refusals[0]?.headers.get('www-authenticate')).toContain('error="invalid_token"')
    expect(refusals[4]?.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
  })
})
