import { OAUTH_PATHS } from '@annex/protocol'
import { generateKeyPair, SignJWT } from 'jose'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../../policy/principal.ts'
import { SETTINGS } from '../../settings.ts'
import type { OAuthTables } from '../../storage/oauth-tables.ts'
import { expectError, expectRefusal } from '../../testing/answers.fixture.ts'
import {
  APPROVE,
  AUTHORIZE,
  Browser,
  boxesOf,
  connect,
  me,
  person,
  post,
  readConsent,
  register,
  request,
  swap,
  type App,
  type Reply,
} from '../../testing/app.fixture.ts'
import { openProvider, type Provider } from '../../testing/provider.fixture.ts'

/** Rows of the list of attacks that take more than one step; the others stand in the tables of `testing/rows`. */
describe.each(engines)('an attack on consent, on %s:', (engine) => {
  let provider: Provider
  let app: App
  let user: string
  let alice: Browser

  beforeAll(async () => {
    provider = await openProvider(engine)
    app = await register(provider, { scopes: 'openid all Item:read Item:write' })
  })
  beforeEach(async () => {
    user = await person(provider)
    alice = await new Browser(provider).signIn(user)
  })
  afterAll(() => provider.close())

  const count = async (table: 'oauth_code' | 'oauth_grant' | 'pending_request'): Promise<number> => {
    const db = provider.database.connection.withTables<OAuthTables>()
    return (
      await db
        .selectFrom(table)
        .select((row) => row.fn.countAll<number>().as('rows'))
        .executeTakeFirstOrThrow()
    ).rows
  }
  const stored = async (): Promise<number[]> =>
    (await Promise.all([count('oauth_code'), count('oauth_grant'), count('pending_request')])).map(Number)
  const refusals = async (): Promise<unknown[]> => {
    const db = provider.database.connection.withTables<{ audit: { event: string; client: string | null; detail: string | null } }>()
    const rows = await db.selectFrom('audit').select(['client', 'detail']).where('event', '=', 'oauth.authorize.refused').execute()
    return rows.map(({ client, detail }) => ({ client, reason: (JSON.parse(detail ?? '{}') as Record<string, unknown>)['reason'] }))
  }

  it('A23 every form is answered by 303, so that no password or decision is sent on', async () => {
    const signIn = await new Browser(provider).post('/login', { usr: user, pwd: 'Corr3ct-horse-battery', 'redirect-to': '/app' })
    const allowed = await alice.decide(await alice.authorize(request(app)))
    const denied = await alice.decide(await alice.authorize(request(app, { prompt: 'consent' })), 'deny')
    expect([signIn.status, allowed.status, denied.status]).toEqual([303, 303, 303])
  })

  it('A25 a denial goes to the address of the request, or nowhere', async () => {
    const page = await alice.authorize(request(app))
    const before = await stored()
    expectRefusal(await alice.post(APPROVE, { ...readConsent(page), redirect_uri: 'https://evil.example/cb', decision: 'deny' }))
    expect(await stored()).toEqual(before)
    expectError(await alice.decide(page, 'deny'), 'access_denied')
  })

  it('A32 the id_token tells of the fresh sign-in', async () => {
    const tellsOf = (idToken: string): number =>
      Number((JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>)['auth_time'])
    const own = await register(provider, { scopes: 'openid', skip_authorization: 1 })
    const first = tellsOf((await connect(provider, alice, own, { scope: 'openid' })).idToken)
    provider.advance(2)
    const target = (await alice.authorize(request(own, { scope: 'openid', max_age: '1' }))).location?.searchParams.get('redirect-to') ?? ''
    await alice.signIn(user)
    const code = (await alice.get(target)).location?.searchParams.get('code') ?? ''
    expect(tellsOf(String((await swap(provider, own, code)).json['id_token']))).toBeGreaterThanOrEqual(first + 2)
  })

  it('A33 a hint that others signed is refused', async () => {
    const { privateKey } = await generateKeyPair('ES256')
    const hint = await new SignJWT({ sub: 'x' })
      .setProtectedHeader({ alg: 'ES256', kid: 'x' })
      .setIssuer(provider.base)
      .setAudience(app.id)
      .sign(privateKey)
    expectError(await alice.authorize(request(app, { id_token_hint: hint })), 'invalid_request')
  })

  describe('A34', () => {
    let trap: Server
    let calls = 0
    beforeAll(async () => {
      trap = createServer((_request, response) => {
        calls += 1
        response.end()
      })
      await once(trap.listen(0, '127.0.0.1'), 'listening')
    })
    afterAll(() => void trap.close())

    it('an address in the request is not fetched', async () => {
      const uri = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/request`
      expectError(await alice.authorize(request(app, { request_uri: uri })), 'request_uri_not_supported')
      expect((await new Browser(provider).authorize(request(app, { request_uri: uri }))).location?.pathname).toBe('/login')
      expect(calls).toBe(0)
    })
  })

  it('A35 an unknown, a disabled and a forbidden client cost the same work, and each is noted', async () => {
    const [retired, forbidden] = [await register(provider), await register(provider, { allowed_roles: [{ role: 'System Manager' }] })]
    await provider.oauth.clients.retire(ADMINISTRATOR, retired.id)
    const before = (await refusals()).length
    const replies: Reply[] = []
    for (const client of [{ id: 'nobody', secret: '' }, forbidden, retired]) replies.push(await alice.authorize(request(client)))
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1)
    const noted = (await refusals()).slice(before)
    expect(noted).toEqual(
      expect.arrayContaining([expect.objectContaining({ client: null, reason: 'client' }), { client: forbidden.id, reason: 'role' }]),
    )
  })

  it('A38 A39 every answer names the issuer, and none is kept', async () => {
    const page = await alice.authorize(request(app))
    const allowed = await alice.decide(page)
    const denied = await alice.decide(await alice.authorize(request(app, { prompt: 'consent' })), 'deny')
    const wrong = await alice.authorize(request(app, { response_type: 'token' }))
    for (const reply of [allowed, denied, wrong]) expect(reply.location?.searchParams.get('iss')).toBe(provider.base)
    const refused = await alice.authorize(request(app, { redirect_uri: 'https://evil.example' }))
    for (const reply of [page, allowed, denied, wrong, refused]) expect(reply.headers.get('cache-control')).toBe('no-store')
  })

  it.each([
    ['over 2 KB of state', { state: 'a'.repeat(2049) }],
    ['over 2 KB of nonce', { nonce: 'a'.repeat(2049) }],
  ])('A26 %s are told to the app', async (_what, values) => {
    expect((await alice.authorize(request(app, values))).location?.searchParams.get('error')).toBe('invalid_request')
  })

  it('F07 narrows the token, asks for the rest later in one box, and says what is allowed already', async () => {
    const query = request(app, { scope: 'openid Item:read Item:write' })
    const { json } = await swap(provider, app, await alice.code(query, ['Item:write']))
    expect((await me(provider, String(json['access_token']))).json['scopes']).toEqual(['openid', 'Item:read'])
    const page = await alice.authorize(query)
    expect(boxesOf(page)).toEqual(['Item:write'])
    expect(readConsent(page)['scope']).toEqual([])
    const answer = await alice.post(APPROVE, { ...readConsent(page), scope: ['Item:write'], decision: 'allow' })
    expect((await swap(provider, app, answer.location?.searchParams.get('code') ?? '')).json['scope']).toBe('openid Item:read Item:write')
  })

  it('F08 a form that names a right that was not asked for changes nothing', async () => {
    const page = await alice.authorize(request(app, { scope: 'openid Item:read' }))
    const before = await stored()
    for (const scope of ['Item:write', 'all', 'set:x', '', 'Item:read Item:write'])
      expectRefusal(await alice.post(APPROVE, { ...readConsent(page), scope: ['openid', scope], decision: 'allow' }))
    expect(await stored()).toEqual(before)
  })

  it('F12 a scope of ten thousand rights is refused, and one right ten thousand times is one', async () => {
    for (const scope of [Array.from({ length: 10_000 }, (_, index) => `Item:r${index}`).join(' ')])
      expectError(await alice.post(AUTHORIZE, request(app, { scope })), 'invalid_request')
    expect(boxesOf(await alice.post(AUTHORIZE, request(app, { scope: 'Item:read '.repeat(10_000) })))).toEqual(['Item:read'])
    expect(boxesOf(await alice.authorize(request(app, { scope: 'Item:read '.repeat(300) })))).toEqual(['Item:read'])
  })

  it('A36 nobody fills the site with long requests, or keeps it busy with forms of very many fields', async () => {
    const before = await stored()
    expectError(await alice.post(AUTHORIZE, request(app, { stuffing: 'a'.repeat(40_000) })), 'invalid_request')
    expect(await stored()).toEqual(before)
    const page = await alice.post(AUTHORIZE, request(app, { scope: 'Item:read '.repeat(10_000) }))
    const db = provider.database.connection.withTables<OAuthTables>()
    for (const { request: kept } of await db.selectFrom('pending_request').select('request').execute())
      expect(kept.length).toBeLessThan(40_000)
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`n${index}`, '']))
    expectRefusal(await alice.post(APPROVE, { ...readConsent(page), ...many, decision: 'allow' }))
    expect((await alice.decide(page)).status).toBe(303)
  })

  it('A36 nobody who is not signed in is answered with addresses that are longer than a request may be', async () => {
    const long: Record<string, string>[] = [{ stuffing: 'a'.repeat(40_000) }, { scope: 'Item:read '.repeat(10_000) }]
    for (const more of long) expectError(await post(provider, AUTHORIZE, request(app, more)), 'invalid_request')
    expect((await post(provider, AUTHORIZE, request(app, { stuffing: 'a'.repeat(3_000_000) }))).status).toBe(413)
    expect((await post(provider, OAUTH_PATHS.endSession, { client_id: app.id, state: 'a'.repeat(70_000) })).status).toBe(413)
    const short = await post(provider, AUTHORIZE, request(app, { stuffing: 'a'.repeat(4000) }))
    expect([short.status, short.location?.pathname]).toEqual([302, '/login'])
    const again = await alice.post(AUTHORIZE, request(app, { scope: 'Item:read '.repeat(10_000), prompt: 'login' }))
    expect([again.status, (again.location?.href.length ?? 0) < 1000]).toEqual([302, true])
  })

  it('A36 sixty requests a minute of one session, and five times that of one user in all sessions, are 429 beyond', async () => {
    const statuses: number[] = []
    for (let sessions = 0; sessions < 6; sessions += 1) {
      const browser = await new Browser(provider).signIn(user)
      for (let times = 0; times < (sessions === 0 ? 61 : 60); times += 1)
        statuses.push((await browser.authorize({ client_id: 'nobody' })).status)
    }
    const isSlowed = statuses.map((status) => status === 429)
    expect([isSlowed.indexOf(true), isSlowed.indexOf(true, 61), isSlowed.slice(301).every(Boolean)]).toEqual([60, 301, true])
  })

  it('A36 whoever is not signed in is not slowed down by others who are not', async () => {
    const guest = new Browser(provider)
    for (let times = 0; times < 61; times += 1) expect((await guest.authorize(request(app))).location?.pathname).toBe('/login')
  })

  describe('F13 an app that registered itself', () => {
    const save = async (values: Record<string, string>): Promise<void> => {
      await provider.documents.update(ADMINISTRATOR, { doctype: SETTINGS, name: SETTINGS, values })
      await provider.generation.observe(await provider.generation.read())
    }

    it('gets no right on everything that the policy does not name', async () => {
      await save({
        registration_scopes: 'openid all set:work',
        scope_sets: JSON.stringify({ work: { title: 'Work', scopes: ['Item:read'] } }),
      })
      const own = await register(provider, { scopes: 'openid all set:work', dynamically_registered: 1 })
      expect(boxesOf(await alice.authorize(request(own, { scope: 'openid all' })))).toEqual(['all'])
      await save({
        registration_scopes: 'openid set:work',
        scope_sets: JSON.stringify({ work: { title: 'Work', scopes: ['Item:read', '*:read'] } }),
      })
      for (const scope of ['openid all', 'openid *:read']) expectError(await alice.authorize(request(own, { scope })), 'invalid_scope')
      const page = await alice.authorize(request(own, { scope: 'openid set:work' }))
      expect(boxesOf(page)).toEqual(['Item:read'])
      expect(page.text).toContain('This app registered itself')
      expect(page.text).not.toContain('Registered by')
    })
  })

  it('a grant remembers the session that consented, its resource, and lives as long as its app may', async () => {
    const own = await register(provider, { scopes: 'openid', absolute_lifetime: 3 })
    await connect(provider, alice, own, { scope: 'openid', resource: `${provider.base}/` })
    const [grant] = await provider.grants.list(user, own.id)
    expect(grant?.session).toMatch(/^[0-9a-f]{64}$/)
    expect(grant?.resource).toBe(provider.base)
    expect((grant?.expires ?? 0) - (grant?.created ?? 0)).toBe(3 * 86_400 * 1_000_000)
  })
})
