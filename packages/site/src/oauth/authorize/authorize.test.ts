import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import {
  AUTHORIZE,
  Browser,
  REDIRECT,
  ask,
  connect,
  formOf,
  me,
  person,
  pkce,
  register,
  renew,
  request,
  swap,
  tokensOf,
  type App,
} from '../testing/app.fixture.ts'
import { expectError, expectRefusal } from '../testing/answers.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

describe.each(engines)('an authorization request on %s', (engine) => {
  let provider: Provider
  let user: string
  let app: App
  let alice: Browser

  beforeAll(async () => {
    provider = await openProvider(engine)
    user = await person(provider)
    app = await register(provider, {
      redirect_uris: `${REDIRECT} https://app.example.com/other`,
      scopes: 'openid all Item:read Sales.Invoice:*',
    })
  })
  beforeEach(async () => {
    alice = await new Browser(provider).signIn(user)
  })
  afterAll(() => provider.close())

  it.each(['tabOAuth Client', 'oauth_grant'])(
    'that meets a fault of the site’s own, such as the loss of %s, tells neither its user nor the app of it',
    async (table) => {
      const { connection } = provider.database
      const path = `${AUTHORIZE}?${formOf(request(app))}`
      const [name, away] = [sql.table(table), sql.table('away')]
      await sql`alter table ${name} rename to ${away}`.execute(connection)
      const replies = [await alice.get(path), await alice.get(path, { accept: 'application/json' })]
      await sql`alter table ${away} rename to ${name}`.execute(connection)
      for (const reply of replies) {
        expect([reply.status, reply.location]).toEqual([500, undefined])
        expect(reply.text).not.toMatch(/no such table|relation|oauth_grant|OAuth Client|server_error|invalid_request/)
      }
      expect(provider.logged.filter((line) => line.includes(table)).length).toBeGreaterThanOrEqual(2)
      expect((await alice.get(path)).status).toBe(200)
    },
  )

  describe('whose receiver is not proven is refused here and never redirected', () => {
    it.each<[row: string, redirect: string | string[]]>([
      ['A01', 'https://evil.example/cb'],
      ['A02', `${REDIRECT}/`],
      ['A02', `${REDIRECT}/x`],
      ['A03', `${REDIRECT}?code=attacker`],
      ['A03', `${REDIRECT}&x=1`],
      ['A04', 'https://app.example.com/CB'],
      ['A04', 'https://APP.example.com/cb'],
      ['A05', 'https://app.example.com/cb/../evil'],
      ['A05', 'https://app.example.com/%2e%2e/cb'],
      ['A05', 'https://app.example.com//cb'],
      ['A06', 'https://app.example.com@evil.example/cb'],
      ['A06', 'https://app.example.com\\@evil.example/cb'],
      ['A06', `${REDIRECT}\t`],
      ['A06', `${REDIRECT}\n`],
      ['A07', `${REDIRECT}#fragment`],
      ['A10', 'http://127.0.0.1:9999/cb'],
      ['A11', [REDIRECT, REDIRECT]],
    ])('%s redirect_uri %j', async (_row, redirect_uri) => {
      for (const browser of [alice, new Browser(provider)]) expectRefusal(await browser.authorize(request(app, { redirect_uri })))
    })

    it('A11 client_id twice', async () => expectRefusal(await alice.authorize(request(app, { client_id: [app.id, app.id] }))))

    it('A25 a denial of it goes nowhere', async () =>
      expectRefusal(await alice.authorize(request(app, { redirect_uri: 'https://evil.example', error: 'access_denied' }))))

    it('in the words and the body that Frappe uses', async () => {
      const reply = await ask(provider, `${AUTHORIZE}?${formOf(request(app, { redirect_uri: `${REDIRECT}/` }))}`)
      expect(reply.json).toEqual({ description: 'Mismatching redirect URI.', status_code: 400, error: 'invalid_request' })
    })

    it('A35 reads the same for an unknown, a disabled and a forbidden client', async () => {
      const retired = await register(provider)
      await provider.oauth.clients.retire(ADMINISTRATOR, retired.id)
      const forbidden = await register(provider, { allowed_roles: [{ role: 'System Manager' }] })
      const replies = await Promise.all(
        [{ id: 'nobody', secret: '' }, retired, forbidden].map((client) => alice.authorize(request(client))),
      )
      for (const reply of replies) expectRefusal(reply, 'Invalid client_id parameter value')
      expect(new Set(replies.map((reply) => reply.text)).size).toBe(1)
    })

    it('a request with openid must name its redirect URI; without, the default one serves', async () => {
      const { redirect_uri: _, ...unnamed } = request(app)
      expectRefusal(await alice.authorize(unnamed))
      expect((await alice.authorize({ ...unnamed, scope: 'all' })).status).toBe(200)
    })
  })

  describe('of a native client', () => {
    let native: App
    const { challenge } = pkce()
    const nativeRequest = (values: Record<string, string>): Record<string, string | readonly string[]> => ({
      ...request(native),
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...values,
    })

    beforeAll(async () => {
      native = await register(provider, {
        kind: 'native',
        redirect_uris: 'http://127.0.0.1/cb com.example.app:/cb',
        default_redirect_uri: 'http://127.0.0.1/cb',
        skip_authorization: 1,
      })
    })

    it('A08 may come from any loopback port', async () =>
      expect((await alice.authorize(nativeRequest({ redirect_uri: 'http://127.0.0.1:49152/cb' }))).status).toBe(200))

    it.each([
      'http://localhost:49152/cb',
      'http://127.0.0.1:49152/other',
      'http://127.0.0.1.evil.com/cb',
      'http://127.0.0.1:1/cb?x=1',
      'http://127.0.0.1:99999/cb',
      'http://127.0.0.1:80@evil.com/cb',
    ])('A09 may not come from %s', async (redirect_uri) => expectRefusal(await alice.authorize(nativeRequest({ redirect_uri }))))

    it('A37 is asked for consent although it is trusted, and although all was granted before', async () => {
      const query = nativeRequest({ redirect_uri: 'com.example.app:/cb' })
      const page = await alice.authorize(query)
      expect(page.status).toBe(200)
      expect((await alice.decide(page)).headers.get('location')).toMatch(/^com\.example\.app:\/cb\?code=/)
      expect((await alice.authorize(query)).status).toBe(200)
    })
  })

  describe('that is wrong is told to the app', () => {
    const { challenge } = pkce()

    it.each<[row: string, values: Record<string, string | string[]>, error: string]>([
      ['A12', { scope: ['openid', 'all'] }, 'invalid_request'],
      ['A12', { code_challenge: [challenge, challenge], code_challenge_method: 'S256' }, 'invalid_request'],
      ['A13', { response_type: 'token' }, 'unsupported_response_type'],
      ['A13', { response_type: 'id_token' }, 'unsupported_response_type'],
      ['A13', { response_type: 'code id_token' }, 'unsupported_response_type'],
      ['A13', { response_type: '' }, 'invalid_request'],
      ['A15', { response_mode: 'fragment' }, 'invalid_request'],
      ['A15', { response_mode: 'form_post' }, 'invalid_request'],
      ['A31', { prompt: 'shout' }, 'invalid_request'],
      ['A31', { prompt: 'none login' }, 'invalid_request'],
      ['A31', { prompt: 'none', scope: 'openid Sales.Invoice:read' }, 'consent_required'],
      ['A33', { id_token_hint: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.' }, 'invalid_request'],
      ['A34', { request_uri: 'http://169.254.169.254/latest' }, 'request_uri_not_supported'],
      ['A34', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
      ['B02', { code_challenge: challenge }, 'invalid_request'],
      ['B02', { code_challenge: challenge, code_challenge_method: 'plain' }, 'invalid_request'],
      ['B02', { code_challenge: challenge, code_challenge_method: 's256' }, 'invalid_request'],
      ['B03', { code_challenge: challenge.slice(1), code_challenge_method: 'S256' }, 'invalid_request'],
      ['B03', { code_challenge: challenge.repeat(3), code_challenge_method: 'S256' }, 'invalid_request'],
      ['B03', { code_challenge: `${challenge.slice(1)}!`, code_challenge_method: 'S256' }, 'invalid_request'],
      ['F01', { scope: 'openid Item:write' }, 'invalid_scope'],
      ['F01', { scope: 'openid secret' }, 'invalid_scope'],
      ['F11', { scope: 'Sales..Invoice:read' }, 'invalid_scope'],
      ['F11', { scope: '.Item:read' }, 'invalid_scope'],
      ['F11', { scope: 'Item.:read' }, 'invalid_scope'],
      ['F11', { scope: 'Sales%20Invoice:read' }, 'invalid_scope'],
      ['F11', { scope: 'Іtem:read' }, 'invalid_scope'],
      ['F11', { scope: `${'I'.repeat(62)}:read` }, 'invalid_scope'],
      ['F12', { scope: Array.from({ length: 200 }, (_, index) => `Item${index}:read`).join(' ') }, 'invalid_request'],
      ['F12', { scope: 'x'.repeat(5000) }, 'invalid_request'],
      ['RFC 8707', { resource: 'https://other.example' }, 'invalid_target'],
      ['OIDC', { max_age: 'soon' }, 'invalid_request'],
    ])('%s %j: %s', async (_row, values, error) => expectError(await alice.authorize(request(app, values)), error))

    it('A12 state twice is refused and neither is echoed', async () =>
      expectError(await alice.authorize(request(app, { state: ['a', 'b'] })), 'invalid_request', null))

    it('A31 a guest with prompt=none is told that a sign-in is needed', async () =>
      expectError(await new Browser(provider).authorize(request(app, { prompt: 'none' })), 'login_required'))

    it('A24 a guest with a bad scope signs in first', async () => {
      const reply = await new Browser(provider).authorize(request(app, { scope: 'secret' }))
      expect(reply.location?.pathname).toBe('/login')
      expect(reply.location?.origin).toBe(provider.base)
      expect(reply.location?.searchParams.get('redirect-to')).toMatch(/^\/api\/method\/frappe\.integrations\.oauth2\.authorize\?client_id=/)
    })

    it('A33 an id_token of another user asks for another sign-in', async () => {
      const bob = await new Browser(provider).signIn(await person(provider))
      const { idToken } = await connect(provider, bob, app)
      expectError(await alice.authorize(request(app, { id_token_hint: idToken })), 'login_required')
      const { searchParams } = (await bob.authorize(request(app, { id_token_hint: idToken, state: 'own' }))).location!
      expect([searchParams.get('code'), searchParams.get('error'), searchParams.get('state')]).toEqual([expect.any(String), null, 'own'])
    })

    it.each(['a b&c="<\'>', 'grüße 你好', 'a'.repeat(2048), '100%+%2B'])('A26 state %j comes back as it was', async (state) => {
      expectError(await alice.authorize(request(app, { state, response_type: 'token' })), 'unsupported_response_type', state)
    })

    it('A26 a state over 2 KB is refused', async () =>
      expect((await alice.authorize(request(app, { state: 'a'.repeat(2049) }))).location?.searchParams.get('error')).toBe(
        'invalid_request',
      ))

    it('B01 a client whose PKCE is required, and a public one, must send a challenge', async () => {
      const strict = await register(provider, { require_pkce: 1 })
      const open = await register(provider, { kind: 'public' })
      for (const client of [strict, open]) expectError(await alice.authorize(request(client)), 'invalid_request')
    })

    it('F11 a DocType that is not there reads like a scope that is not allowed', async () => {
      const wide = await register(provider, { scopes: 'openid *:read' })
      const missing = await alice.authorize(request(wide, { scope: 'Ghost:read' }))
      expectError(missing, 'invalid_scope')
      expect(missing.location?.searchParams.get('error_description')).toBe('The app may not ask for Ghost:read')
    })

    it('appends to the query that a registered redirect URI has', async () => {
      const uri = `${REDIRECT}?tenant=7`
      const client = await register(provider, { redirect_uris: uri, default_redirect_uri: uri })
      const reply = await alice.authorize(request(client, { redirect_uri: uri, response_type: 'token' }))
      expect(reply.headers.get('location')).toMatch(/\/cb\?tenant=7&error=unsupported_response_type&/)
    })
  })

  describe('for a fresh sign-in', () => {
    it('A32 prompt=login asks for the password again, once', async () => {
      const own = await register(provider, { skip_authorization: 1 })
      const first = await alice.authorize(request(own, { prompt: 'login' }))
      expect(first.location?.pathname).toBe('/login')
      expect((await alice.get(first.location!.pathname + first.location!.search)).status).toBe(200)
      const target = first.location?.searchParams.get('redirect-to') ?? ''
      expect((await alice.get(target)).location?.pathname).toBe('/login')
      await alice.signIn(user)
      expect((await alice.get(target)).location?.searchParams.get('code')).toBeTruthy()
    })

    it('A32 max_age counts from the sign-in', async () => {
      const own = await register(provider, { skip_authorization: 1 })
      expect((await alice.authorize(request(own, { max_age: '60' }))).location?.searchParams.get('code')).toBeTruthy()
      provider.advance(61)
      const stale = await alice.authorize(request(own, { max_age: '60' }))
      expect(stale.location?.pathname).toBe('/login')
      expectError(await alice.authorize(request(own, { max_age: '60', prompt: 'none' })), 'login_required')
    })
  })

  it('refuses Administrator in a sentence, and allows it where the settings do', async () => {
    const admin = await new Browser(provider).signIn('Administrator')
    const page = await admin.authorize(request(app))
    expect(page.status).toBe(403)
    expect(page.text).toContain('ANNEX_ALLOW_ADMINISTRATOR')
    expectError(await admin.authorize(request(app, { prompt: 'none' })), 'access_denied')
    const open = await openProvider(engine, { allowAdministrator: true })
    try {
      const own = await register(open)
      const browser = await new Browser(open).signIn('Administrator')
      const { access, refresh } = await connect(open, browser, own)
      expect((await me(open, access)).json['user']).toBe('Administrator')
      expect((await renew(open, own, refresh)).status).toBe(200)
    } finally {
      await open.close()
    }
  })

  it('by POST is judged like one by GET', async () => {
    const own = await register(provider)
    expect((await alice.post(AUTHORIZE, request(own))).status).toBe(200)
    expectRefusal(await alice.post(`${AUTHORIZE}?client_id=${own.id}`, request(own)))
    const guest = await new Browser(provider).post(AUTHORIZE, request(own))
    expect(guest.location?.searchParams.get('redirect-to')).toContain(own.id)
    expect(tokensOf(await swap(provider, own, await alice.code(request(own)))).access).toMatch(/^at1_/)
  })
})
