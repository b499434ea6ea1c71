import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AUTHORIZE, PROFILE, ask, formOf } from '../../packages/site/src/oauth/testing/app.fixture.ts'
import { openProvider, type Provider } from '../../packages/site/src/oauth/testing/provider.fixture.ts'
import { ADMINISTRATOR } from '../../packages/site/src/policy/principal.ts'
import { engines } from '../support/databases.ts'
import { RelyingParty } from './relying-party.fixture.ts'

type Module = (provider: Provider) => Promise<void>
type Fields = Readonly<Record<string, string>>

const signedIn = async (provider: Provider, values: Record<string, unknown> = {}): Promise<RelyingParty> =>
  (await RelyingParty.open(provider, values)).signIn()
const metadataOf = async (provider: Provider): Promise<Record<string, unknown>> =>
  (await ask(provider, '/.well-known/openid-configuration')).json

/** A request with these parameters besides must succeed, with all that every sign-in is judged by. */
const succeeds =
  (values: Fields): Module =>
  async (provider) => {
    const party = await signedIn(provider)
    const { access, claims } = await party.run(values)
    expect((await party.userinfo(access)).json['sub']).toBe(claims.sub)
  }

/** What the site says it cannot do it refuses, at the app's own address and with the error of the specification. */
const refuses =
  (values: Fields, errors: readonly string[]): Module =>
  async (provider) => {
    const party = await signedIn(provider)
    const callback = await party.callback(await party.authorize(values))
    expect(errors).toContain(callback.get('error'))
    expect(callback.get('code')).toBeNull()
  }

/** A scope that the site does not offer: the suite skips the module then, and the request is refused. */
const lacksScope =
  (missing: string, scope = `openid ${missing}`): Module =>
  async (provider) => {
    expect((await metadataOf(provider))['scopes_supported']).not.toContain(missing)
    await refuses({ scope }, ['invalid_scope'])(provider)
  }

/** The second request must ask for the password again, and its id_token says so. */
const asksAgain =
  (values: Fields, wait: number): Module =>
  async (provider) => {
    const party = await signedIn(provider)
    const first = await party.run()
    provider.advance(wait)
    const again = await party.authorize(values)
    expect(again.location?.pathname).toBe('/login')
    const page = await party.browser.get(`${again.location?.pathname}${again.location?.search}`)
    expect([page.status, page.text.includes('name="pwd"')]).toEqual([200, true])
    await party.signIn()
    const target = again.location?.searchParams.get('redirect-to') ?? ''
    const second = await party.finish(await party.browser.get(target), values)
    expect(second.claims.sub).toBe(first.claims.sub)
    expect(Number(second.claims['auth_time'])).toBeGreaterThan(Number(first.claims['auth_time']))
    if (values['max_age'] !== undefined)
      expect(Number(second.claims.iat) - Number(second.claims['auth_time'])).toBeLessThanOrEqual(Number(values['max_age']) + 1)
  }

/** The second request is answered with the sign-in of the first. */
const asksOnce =
  (values: (idToken: string) => Fields, first: Fields = {}): Module =>
  async (provider) => {
    const party = await signedIn(provider)
    const before = await party.run(first)
    provider.advance(5)
    const reply = await party.authorize(values(before.idToken))
    expect(reply.status).toBe(303)
    const after = await party.finish(reply, values(before.idToken))
    expect([after.claims.sub, after.claims['auth_time']]).toEqual([before.claims.sub, before.claims['auth_time']])
  }

const codeReuse =
  (wait: number): Module =>
  async (provider) => {
    const party = await signedIn(provider)
    const { code, access, refresh } = await party.run()
    provider.advance(wait)
    const again = await party.exchange(code)
    expect([again.status, again.json['error']]).toEqual([400, 'invalid_grant'])
    expect((await party.userinfo(access)).status).toBe(401)
    expect((await party.refresh(refresh)).json['error']).toBe('invalid_grant')
  }

const requestObject = (claims: object): string =>
  [{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') + '.'

/** The 38 modules of oidcc-basic-certification-test-plan, in its order. */
const MODULES: Readonly<Record<string, Module>> = {
  'oidcc-server': async (provider) => {
    expect((await metadataOf(provider))['token_endpoint_auth_methods_supported']).toContain('client_secret_basic')
    await succeeds({})(provider)
  },
  'oidcc-response-type-missing': refuses({ response_type: '' }, ['invalid_request', 'unsupported_response_type']),
  'oidcc-idtoken-signature': async (provider) => {
    const { idToken } = await (await signedIn(provider)).run()
    const { alg, kid } = decodeProtectedHeader(idToken)
    const { keys } = (await ask(provider, '/.well-known/jwks.json')).json as { keys: { kid: string; alg: string; use: string }[] }
    expect(keys.filter((key) => key.kid === kid)).toEqual([expect.objectContaining({ alg, use: 'sig' })])
  },
  'oidcc-idtoken-unsigned': async (provider) => {
    expect((await metadataOf(provider))['id_token_signing_alg_values_supported']).not.toContain('none')
    const settings = { doctype: 'OAuth Settings', name: 'OAuth Settings' }
    await provider.documents.update(ADMINISTRATOR, { ...settings, values: { dynamic_registration: 'Open' } })
    const body = JSON.stringify({ redirect_uris: ['https://app.example.com/cb'], id_token_signed_response_alg: 'none' })
    const headers = { 'content-type': 'application/json' }
    const reply = await ask(provider, '/api/method/frappe.integrations.oauth2.register_client', { method: 'POST', body, headers })
    expect([reply.status, reply.json['error']]).toEqual([400, 'invalid_client_metadata'])
    await provider.documents.update(ADMINISTRATOR, { ...settings, values: { dynamic_registration: 'Off' } })
  },
  'oidcc-userinfo-get': async (provider) => {
    const party = await signedIn(provider)
    const { access, claims } = await party.run({ scope: 'openid profile email' })
    const reply = await party.userinfo(access)
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'application/json'])
    expect(reply.json).toMatchObject({ sub: claims.sub, email: party.user, name: expect.any(String) as string })
  },
  'oidcc-userinfo-post-header': async (provider) => {
    const party = await signedIn(provider)
    const { access, claims } = await party.run()
    expect((await party.userinfo(access, 'POST')).json['sub']).toBe(claims.sub)
  },
  // RFC 6750 section 2.2 is optional: tokens come in the header alone, as the metadata says.
  'oidcc-userinfo-post-body': async (provider) => {
    const { access } = await (await signedIn(provider)).run()
    const reply = await ask(provider, PROFILE, { method: 'POST', body: formOf({ access_token: access }) })
    expect([400, 401]).toContain(reply.status)
    expect(reply.json).not.toHaveProperty('sub')
    expect((await ask(provider, '/.well-known/oauth-protected-resource')).json['bearer_methods_supported']).toEqual(['header'])
  },
  'oidcc-ensure-request-without-nonce-succeeds-for-code-flow': succeeds({ nonce: '' }),
  'oidcc-scope-profile': async (provider) => {
    const party = await signedIn(provider)
    const { json } = await party.userinfo((await party.run({ scope: 'openid profile' })).access)
    expect(Object.keys(json)).toEqual(expect.arrayContaining(['name', 'given_name', 'family_name', 'picture']))
    expect(json).not.toHaveProperty('email')
  },
  'oidcc-scope-email': async (provider) => {
    const party = await signedIn(provider)
    const { json } = await party.userinfo((await party.run({ scope: 'openid email' })).access)
    expect(json['email']).toBe(party.user)
    expect(json).not.toHaveProperty('name')
  },
  'oidcc-scope-address': lacksScope('address'),
  'oidcc-scope-phone': lacksScope('phone'),
  'oidcc-scope-all': lacksScope('phone', 'openid profile email address phone'),
  'oidcc-alternate-happy-flow': succeeds({ scope: 'email profile openid', state: 'xyz', extra: 'x' }),
  'oidcc-display-page': succeeds({ display: 'page' }),
  'oidcc-display-popup': succeeds({ display: 'popup' }),
  'oidcc-prompt-login': asksAgain({ prompt: 'login' }, 2),
  'oidcc-prompt-none-not-logged-in': async (provider) => {
    const party = await RelyingParty.open(provider)
    const callback = await party.callback(await party.authorize({ prompt: 'none' }))
    expect(['login_required', 'interaction_required', 'consent_required']).toContain(callback.get('error'))
    expect(callback.get('code')).toBeNull()
  },
  'oidcc-prompt-none-logged-in': asksOnce(() => ({ prompt: 'none' })),
  'oidcc-max-age-1': asksAgain({ max_age: '1' }, 3),
  'oidcc-max-age-10000': asksOnce(() => ({ max_age: '10000' }), { max_age: '10000' }),
  'oidcc-ensure-request-with-unknown-parameter-succeeds': succeeds({ extra: 'foobar' }),
  'oidcc-id-token-hint': asksOnce((idToken) => ({ prompt: 'none', id_token_hint: idToken })),
  'oidcc-login-hint': succeeds({ login_hint: 'somebody@example.com' }),
  'oidcc-ui-locales': succeeds({ ui_locales: 'se' }),
  'oidcc-claims-locales': succeeds({ claims_locales: 'se' }),
  'oidcc-ensure-request-with-acr-values-succeeds': succeeds({ acr_values: '1 2' }),
  'oidcc-codereuse': codeReuse(0),
  'oidcc-codereuse-30seconds': codeReuse(30),
  'oidcc-ensure-registered-redirect-uri': async (provider) => {
    const reply = await (await signedIn(provider)).authorize({ redirect_uri: 'https://app.example.com/cb/unregistered' })
    expect([reply.status, reply.location, reply.headers.get('content-type')]).toEqual([400, undefined, 'text/html; charset=utf-8'])
    expect(reply.text).toContain('Mismatching redirect URI')
  },
  'oidcc-ensure-post-request-succeeds': async (provider) => {
    const party = await signedIn(provider)
    await party.finish(await party.browser.post(AUTHORIZE, party.query()))
  },
  'oidcc-server-client-secret-post': async (provider) => {
    expect((await metadataOf(provider))['token_endpoint_auth_methods_supported']).toContain('client_secret_post')
    const party = await signedIn(provider)
    await party.run({}, { client_id: party.app.id, client_secret: party.app.secret })
  },
  'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported': async (provider) => {
    expect((await metadataOf(provider))['request_uri_parameter_supported']).toBe(false)
    const asked: string[] = []
    const server = createServer((incoming, response) => {
      asked.push(incoming.url ?? '')
      response.end(requestObject({}))
    })
    await new Promise<void>((ready) => void server.listen(0, '127.0.0.1', ready))
    const { port } = server.address() as { port: number }
    await refuses({ request_uri: `http://127.0.0.1:${port}/object` }, ['request_uri_not_supported'])(provider)
    server.close()
    expect(asked).toEqual([])
  },
  'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported': async (provider) => {
    expect((await metadataOf(provider))['request_parameter_supported']).toBe(false)
    await refuses({ request: requestObject({ response_type: 'code', scope: 'openid' }) }, ['request_not_supported'])(provider)
  },
  // The parameter is passed over, as the metadata says; what the scopes open is answered.
  'oidcc-claims-essential': async (provider) => {
    expect((await metadataOf(provider))['claims_parameter_supported']).toBe(false)
    const party = await signedIn(provider)
    const { access } = await party.run({ scope: 'openid profile', claims: JSON.stringify({ userinfo: { name: { essential: true } } }) })
    expect((await party.userinfo(access)).json['name']).toEqual(expect.any(String))
  },
  'oidcc-ensure-request-object-with-redirect-uri': async (provider) => {
    const party = await signedIn(provider)
    const request = requestObject({ redirect_uri: 'https://app.example.com/object', client_id: party.app.id, response_type: 'code' })
    const callback = await party.callback(await party.authorize({ request }))
    expect(callback.get('error')).toBe('request_not_supported')
    const elsewhere = await party.authorize({ request, redirect_uri: 'https://app.example.com/elsewhere' })
    expect([elsewhere.status, elsewhere.location]).toEqual([400, undefined])
  },
  'oidcc-refresh-token': async (provider) => {
    const party = await signedIn(provider)
    const first = await party.run({ scope: 'openid offline_access', prompt: 'consent' })
    const other = await RelyingParty.open(provider)
    expect((await other.refresh(first.refresh)).json['error']).toBe('invalid_grant')
    const reply = await party.refresh(first.refresh)
    expect([reply.status, reply.json['scope'] ?? 'openid offline_access']).toEqual([200, 'openid offline_access'])
    expect(reply.json['access_token']).not.toBe(first.access)
    expect((await party.userinfo(String(reply.json['access_token']))).json['sub']).toBe(first.claims.sub)
    const second = await party.refresh(String(reply.json['refresh_token']))
    expect(new Set([first.access, reply.json['access_token'], second.json['access_token']]).size).toBe(3)
  },
  'oidcc-ensure-request-with-valid-pkce-succeeds': async (provider) => {
    const verifier = randomBytes(32).toString('base64url')
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    const party = await signedIn(provider)
    await party.run({ code_challenge: challenge, code_challenge_method: 'S256' }, { code_verifier: verifier })
  },
}

describe.each(engines)('the basic certification plan on %s', (engine) => {
  let provider: Provider
  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())

  it('has 38 modules', () => expect(Object.keys(MODULES)).toHaveLength(38))
  it.each(Object.entries(MODULES))('%s', async (_name, module) => module(provider))

  /** oidcc-discovery-endpoint-verification, of the configuration plan. */
  it('publishes a configuration that is true', async () => {
    const metadata = await metadataOf(provider)
    expect(metadata).toMatchObject({ issuer: provider.base, response_types_supported: ['code'], subject_types_supported: ['public'] })
    for (const [name, value] of Object.entries(metadata))
      if (name.endsWith('_endpoint') || name === 'jwks_uri') expect(String(value)).toMatch(new RegExp(`^${provider.base}/`))
    expect(metadata['scopes_supported']).toContain('openid')
    expect(metadata['claims_supported']).toEqual(expect.arrayContaining(['sub', 'auth_time', 'iss', 'aud']))
  })
})
