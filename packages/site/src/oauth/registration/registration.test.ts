import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { readClient } from '../clients/clients-store.ts'
import { expectError } from '../testing/answers.fixture.ts'
import { Browser, REDIRECT, ask, me, person, pkce, register, request, swap, type Reply } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

const REGISTER = '/api/method/frappe.integrations.oauth2.register_client'
const DAY = 86_400
const NATIVE = { redirect_uris: ['http://127.0.0.1/cb'], token_endpoint_auth_method: 'none', client_name: 'A Tool' }
const WEB = { redirect_uris: [REDIRECT], client_name: 'A Shop' }

describe.each(engines)('a program that registers itself on %s', (engine) => {
  let provider: Provider

  beforeAll(async () => {
    provider = await openProvider(engine)
  })
  afterAll(() => provider.close())
  beforeEach(() =>
    set({ dynamic_registration: 'Open', registration_scopes: 'openid profile email Item:read', registrations_per_hour: 1000 }),
  )

  const set = (values: Record<string, unknown>): Promise<unknown> =>
    provider.documents.update(ADMINISTRATOR, { doctype: 'OAuth Settings', name: 'OAuth Settings', values })
  const send = (metadata: unknown, headers: Record<string, string> = {}): Promise<Reply> =>
    ask(provider, REGISTER, { method: 'POST', body: JSON.stringify(metadata), headers: { 'content-type': 'application/json', ...headers } })
  const clientOf = (reply: Reply) => readClient(provider.database.connection, String(reply.json['client_id']))
  const count = async (): Promise<number> =>
    (await provider.documents.list(ADMINISTRATOR, { doctype: 'OAuth Client', fields: ['name'], limit: null })).length

  it('is told that it cannot while the policy is off, and finds no such endpoint in the metadata', async () => {
    await set({ dynamic_registration: 'Off' })
    const reply = await send(NATIVE)
    expect([reply.status, reply.json['error']]).toEqual([404, 'access_denied'])
    const metadata = async (): Promise<unknown> =>
      (await ask(provider, '/.well-known/oauth-authorization-server')).json['registration_endpoint']
    expect(await metadata()).toBeUndefined()
    await set({ dynamic_registration: 'Open' })
    expect(await metadata()).toBe(provider.base + REGISTER)
  })

  it('gets an id and a secret once, and can use both', async () => {
    const reply = await send(WEB)
    expect(reply.status).toBe(201)
    expect(reply.headers.get('cache-control')).toBe('no-store')
    expect(reply.json).toMatchObject({
      client_secret_expires_at: 0,
      client_name: 'A Shop',
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      scope: 'openid profile email Item:read offline_access',
    })
    expect(Math.abs(Number(reply.json['client_id_issued_at']) - Date.now() / 1000)).toBeLessThan(60)
    const app = { id: String(reply.json['client_id']), secret: String(reply.json['client_secret']) }
    const alice = await new Browser(provider).signIn(await person(provider))
    const { verifier, challenge } = pkce()
    const query = request(app, { scope: 'openid', code_challenge: challenge, code_challenge_method: 'S256' })
    expect((await swap(provider, app, await alice.code(query), { code_verifier: verifier })).status).toBe(200)
    const rows = JSON.stringify(
      await provider.database.connection.withTables<{ client_secret: object }>().selectFrom('client_secret').selectAll().execute(),
    )
    expect(rows).not.toContain(app.secret)
  })

  it('gets no secret when it can keep none, and must use PKCE', async () => {
    const reply = await send(NATIVE)
    expect(reply.json).toMatchObject({ token_endpoint_auth_method: 'none', application_type: 'native' })
    expect(reply.json).not.toHaveProperty('client_secret')
    expect(await clientOf(reply)).toMatchObject({ kind: 'native', requiresPkce: true, dynamicallyRegistered: true, state: 'Active' })
    const told = await send({ ...NATIVE, application_type: 'native', token_endpoint_auth_method: 'client_secret_post' })
    expect(told.json).toMatchObject({ token_endpoint_auth_method: 'none' })
    expect((await clientOf(await send({ ...NATIVE, redirect_uris: ['https://app.example.com/cb'] })))?.kind).toBe('public')
  })

  it('waits for a System Manager when the policy says so', async () => {
    await set({ dynamic_registration: 'After Approval' })
    const reply = await send(WEB)
    expect(reply.status).toBe(201)
    expect(await clientOf(reply)).toMatchObject({ state: 'Pending', enabled: false })
    const alice = await new Browser(provider).signIn(await person(provider))
    const app = { id: String(reply.json['client_id']), secret: '' }
    const page = await alice.authorize(request(app, { scope: 'openid' }))
    expect([page.status, page.location]).toEqual([400, undefined])
  })

  it.each([
    ['javascript:alert(1)'],
    ['data:text/html,x'],
    ['file:///etc/passwd'],
    ['http://app.example.com/cb'],
    ['http://10.0.0.1/cb'],
    ['https://*.example.com/cb'],
    ['https://good@evil.example/cb'],
    ['https://app.example.com/cb#x'],
    ['https://app.example.com/../cb'],
    ['https://app.example.com/cb?code=x'],
    ['/cb'],
    [''],
    ['https://app.example.com/\u0430'],
  ])('H01 is refused the redirect URI %j', async (uri) => {
    const before = await count()
    for (const metadata of [
      { ...WEB, redirect_uris: [uri] },
      { ...NATIVE, application_type: 'native', redirect_uris: [uri] },
      { ...WEB, redirect_uris: [REDIRECT, uri] },
    ]) {
      const reply = await send(metadata)
      expect([reply.status, reply.json['error']]).toEqual([400, 'invalid_redirect_uri'])
    }
    expect(await count()).toBe(before)
  })

  it.each([
    [undefined],
    [[]],
    ['https://app.example.com/cb'],
    [[7]],
    [Array.from({ length: 21 }, (_, i) => `https://app.example.com/${i}`)],
  ])('H01 is refused the redirect URIs %j', async (uris) => {
    const reply = await send({ ...WEB, redirect_uris: uris })
    expect([reply.status, reply.json['error']]).toEqual([400, 'invalid_redirect_uri'])
  })

  it('H02 cannot give itself rights, an id, a secret or an exception', async () => {
    const reply = await send({
      ...WEB,
      client_id: 'chosen',
      client_secret: 'chosen',
      skip_authorization: 1,
      trusted: 1,
      allowed_roles: [{ role: 'All' }],
      unfenced: 1,
      openid_acts_as_all: 1,
      refresh_without_secret: 1,
      token_document: 1,
      short_verifier: 1,
      service_user: 'Administrator',
      authorization_policy: 'Everyone',
      kind: 'service',
      state: 'Active',
      row_filters: '{}',
    })
    expect(reply.status).toBe(201)
    expect(reply.json['client_id']).not.toBe('chosen')
    expect(reply.json['client_secret']).not.toBe('chosen')
    expect(await clientOf(reply)).toMatchObject({
      kind: 'web',
      trusted: false,
      unfenced: false,
      allowedRoles: ['Desk User'],
      authorizationPolicy: 'Roles',
      serviceUser: undefined,
      legacy: { openidActsAsAll: false, refreshWithoutSecret: false, tokenDocument: false, shortVerifier: false },
    })
    expect(await readClient(provider.database.connection, 'chosen')).toBeUndefined()
  })

  it.each([
    ['Administrator'],
    ['administrator '],
    ['Frappe'],
    ['F.r.a.p.p.e'],
    ['ERPNext'],
    ['Annex'],
    ['Guest'],
    ['Good \u202eelaS'],
    ['Good\u200bShop'],
    ['Go\u0085od'],
    ['Аdministrator'],
    ['!!!'],
    ['x'.repeat(141)],
    ['x'.repeat(10_240)],
    ['Field   SALES'],
  ])('H03 is refused the name %j', async (name) => {
    await register(provider, { app_name: 'Field Sales' })
    const reply = await send({ ...WEB, client_name: name })
    expect([reply.status, reply.json['error']]).toEqual([400, 'invalid_client_metadata'])
  })

  it('H03 may be called as another program that registered itself: each user has a copy; one without a name is called by its host', async () => {
    expect((await send(NATIVE)).status).toBe(201)
    expect((await send(NATIVE)).status).toBe(201)
    expect((await send({ redirect_uris: [REDIRECT] })).json['client_name']).toBe('app.example.com')
  })

  it('H04 is never visited: no address that it names is opened', async () => {
    const { createServer } = await import('node:http')
    const asked: string[] = []
    const server = createServer((incoming, response) => {
      asked.push(incoming.url ?? '')
      response.end()
    })
    await new Promise<void>((ready) => void server.listen(0, '127.0.0.1', ready))
    const { port } = server.address() as { port: number }
    const inside = `http://127.0.0.1:${port}`
    expect((await send({ ...WEB, logo_uri: `${inside}/logo` })).status).toBe(400)
    expect((await send({ ...WEB, backchannel_logout_uri: `${inside}/out` })).status).toBe(400)
    expect((await send({ ...WEB, jwks_uri: `${inside}/jwks`, sector_identifier_uri: `${inside}/sector` })).status).toBe(201)
    server.close()
    expect(asked).toEqual([])
  })

  it('H05 is told to wait after as many registrations from its address as the settings allow', async () => {
    await set({ registrations_per_hour: 3 })
    const from = (ip: string): Promise<Reply> => send(NATIVE, { 'x-forwarded-for': ip })
    for (let i = 0; i < 3; i += 1) expect((await from('203.0.113.7')).status).toBe(201)
    const reply = await from('203.0.113.7')
    expect(reply.status).toBe(429)
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(3000)
    expect((await from('203.0.113.8')).status).toBe(201)
    for (const last of ['1', '2', '3']) expect((await from(`2001:db8:0:7::${last}`)).status).toBe(201)
    expect((await from('2001:db8:0:7:ffff::9')).status).toBe(429)
    expect((await from('2001:db8:0:8::1')).status).toBe(201)
  })

  it('H05 is removed when nobody has used it for as long as the settings say; others stay', async () => {
    const [unused, used] = [await send(NATIVE), await send(WEB)]
    const alice = await new Browser(provider).signIn(await person(provider))
    const { verifier, challenge } = pkce()
    const app = { id: String(used.json['client_id']), secret: String(used.json['client_secret']) }
    provider.advance(5 * DAY)
    const query = request(app, { scope: 'openid', code_challenge: challenge, code_challenge_method: 'S256' })
    expect((await swap(provider, app, await alice.code(query), { code_verifier: verifier })).status).toBe(200)
    const byHand = await register(provider)
    provider.advance(26 * DAY)
    await provider.oauth.tidy()
    expect(await clientOf(unused)).toBeUndefined()
    expect(await clientOf(used)).toBeDefined()
    expect(await readClient(provider.database.connection, byHand.id)).toBeDefined()
    expect(provider.faults).toEqual([])
  })

  it('H07 is refused a private scheme when it says it is a web app', async () => {
    for (const method of ['none', 'client_secret_basic']) {
      const reply = await send({ application_type: 'web', redirect_uris: ['com.example.app:/cb'], token_endpoint_auth_method: method })
      expect([reply.status, reply.json['error']]).toEqual([400, 'invalid_redirect_uri'])
    }
    expect((await send({ application_type: 'native', redirect_uris: ['com.example.app:/cb'] })).status).toBe(201)
  })

  it('F13 is refused all and every *, at registration and afterwards, unless the policy lists it', async () => {
    expect((await send({ ...NATIVE, scope: 'all *:read' })).json['error']).toBe('invalid_client_metadata')
    const reply = await send({ ...NATIVE, redirect_uris: [REDIRECT], application_type: 'native', scope: 'openid all *:read Item:read' })
    expect(reply.json['scope']).toBe('openid Item:read offline_access')
    const app = { id: String(reply.json['client_id']), secret: '' }
    const alice = await new Browser(provider).signIn(await person(provider))
    const proof = { code_challenge: pkce().challenge, code_challenge_method: 'S256' }
    for (const scope of ['all', '*:read', 'openid all', 'Item:write'])
      expectError(await alice.authorize(request(app, { scope, ...proof })), 'invalid_scope')
    await set({ registration_scopes: 'openid all' })
    expect((await send({ ...NATIVE, scope: 'openid all' })).json['scope']).toBe('openid all offline_access')
  })

  it.each([
    [{ token_endpoint_auth_method: 'private_key_jwt' }],
    [{ token_endpoint_auth_method: 'client_secret_jwt' }],
    [{ grant_types: ['implicit'] }],
    [{ grant_types: ['authorization_code', 'password'] }],
    [{ grant_types: ['client_credentials'] }],
    [{ grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'] }],
    [{ grant_types: ['refresh_token'] }],
    [{ response_types: ['token'] }],
    [{ response_types: ['code id_token'] }],
    [{ application_type: 'desktop' }],
    [{ subject_type: 'pairwise' }],
    [{ id_token_signed_response_alg: 'none' }],
    [{ id_token_signed_response_alg: 'HS256' }],
    [{ userinfo_signed_response_alg: 'RS256' }],
    [{ client_name: 7 }],
    [{ client_uri: 'javascript:alert(1)' }],
    [{ logo_uri: 'data:image/png,x' }],
    [{ tos_uri: 'http://app.example.com/tos' }],
    [{ contacts: 'ann@example.com' }],
    [{ contacts: ['x'.repeat(255)] }],
    [{ scope: ['openid'] }],
    [{ backchannel_logout_uri: 'http://app.example.com/out' }],
  ])('is told what is wrong with %j', async (values) => {
    const reply = await send({ ...WEB, ...values })
    expect([reply.status, reply.json['error']]).toEqual([400, 'invalid_client_metadata'])
    expect(String(reply.json['error_description'])).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]{10,}$/)
  })

  it.each([
    [[], 'invalid_client_metadata'],
    [null, 'invalid_client_metadata'],
    ['text', 'invalid_request'],
    [7, 'invalid_request'],
    [{ ...WEB, client_name: 'Go\u0000od' }, 'invalid_request'],
  ])('is told to send an object of text, and not %j', async (metadata, error) => {
    const reply = await send(metadata)
    expect([reply.status, reply.json['error']]).toEqual([400, error])
  })

  it('is refused a body that is too long, no JSON, or a GET', async () => {
    expect((await send({ ...WEB, software_id: 'x'.repeat(70_000) })).status).toBe(413)
    const form = await ask(provider, REGISTER, { method: 'POST', body: new URLSearchParams({ client_name: 'x' }) })
    expect([form.status, form.json['error']]).toEqual([400, 'invalid_client_metadata'])
    expect((await ask(provider, REGISTER)).status).toBe(405)
  })

  it("takes Frappe 16's metadata whole", async () => {
    const reply = await send({
      redirect_uris: ['https://app.example.com/a', 'https://app.example.com/b'],
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      client_name: 'A Helper',
      scope: 'openid',
      client_uri: 'https://app.example.com',
      logo_uri: 'https://app.example.com/logo.png',
      contacts: ['ann@example.com', 'bob@example.com'],
      tos_uri: 'https://app.example.com/tos',
      policy_uri: 'https://app.example.com/policy',
      software_id: 'helper',
      software_version: '1.0',
      jwks: { keys: [] },
    })
    expect(reply.status).toBe(201)
    expect(reply.json).toMatchObject({
      token_endpoint_auth_method: 'client_secret_post',
      scope: 'openid offline_access',
      client_uri: 'https://app.example.com',
    })
    expect(await clientOf(reply)).toMatchObject({
      redirectUris: ['https://app.example.com/a', 'https://app.example.com/b'],
      contact: 'ann@example.com',
      homePage: 'https://app.example.com',
      logo: 'https://app.example.com/logo.png',
    })
  })

  it('stands in the trail, and reads nothing of the site by being registered', async () => {
    const reply = await send({ ...NATIVE, client_name: 'In The Trail' })
    const rows = await provider.database.connection
      .withTables<{ audit: { event: string; client: string | null; ip: string | null } }>()
      .selectFrom('audit')
      .select(['event', 'ip'])
      .where('client', '=', String(reply.json['client_id']))
      .execute()
    expect(rows).toContainEqual({ event: 'oauth.client.registered_itself', ip: '127.0.0.1' })
    expect((await me(provider, 'x')).status).toBe(401)
  })

  it('goes on as it was registered when the policy is switched off', async () => {
    const reply = await send({ ...WEB, scope: 'openid' })
    await set({ dynamic_registration: 'Off' })
    const app = { id: String(reply.json['client_id']), secret: String(reply.json['client_secret']) }
    const alice = await new Browser(provider).signIn(await person(provider))
    const { verifier, challenge } = pkce()
    const query = request(app, { scope: 'openid', code_challenge: challenge, code_challenge_method: 'S256' })
    expect((await swap(provider, app, await alice.code(query), { code_verifier: verifier })).status).toBe(200)
  })
})
