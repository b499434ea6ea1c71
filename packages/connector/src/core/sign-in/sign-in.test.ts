import { beforeEach, describe, expect, test } from 'vitest'
import { OAUTH_PATHS } from '@annex/protocol'
import type { SignInFailure } from './sign-in-pages.ts'
import { AppRefused, ConsentDenied, InvalidSignIn, problemOf, ScopeMissing, UpstreamUnavailable, type Problem } from '../errors.ts'
import { FakeUpstream } from '../../testing/fake/fake-upstream.ts'
import { TestApp } from '../../testing/test-app.ts'

let site: FakeUpstream
let app: TestApp
let failures: SignInFailure[]

const newApp = (): TestApp =>
  new TestApp(site, {
    onSignInFailed: (failure) => {
      failures.push(failure)
      return new Response(failure.message, { status: failure.status })
    },
  })

beforeEach(async () => {
  site = new FakeUpstream()
  failures = []
  app = newApp()
})

/** No code reached the token endpoint, and nobody is signed in. */
async function expectRefused(kind: new (...all: never[]) => Error): Promise<void> {
  expect(failures).toHaveLength(1)
  expect(failures[0]!.error).toBeInstanceOf(kind)
  expect(await app.connector.session(app.request())).toBeUndefined()
}

test('D3 a person signs in with the site and is known by name', async () => {
  const response = await app.signIn(app.connector.signInUrl({ returnTo: '/visits?new=1#note' }))
  expect(response.status).toBe(303)
  expect(response.headers.get('location')).toBe('http://localhost:4100/visits?new=1#note')
  const session = await app.connector.session(app.request())
  expect(session?.user).toEqual({ issuer: site.issuer, subject: 'sam-sub', name: 'Sam Seller', email: 'sam@example.com' })
  expect(await (await app.connection()).scopes()).toEqual(['openid', 'Item:read', 'Customer:read'])
  // Person and tokens were kept at once: the very first sign-in is one to work with, now and after the token's time.
  expect(await (await app.connection()).token()).toBe(site.tokens('access')[0])
  app.ahead = 3_600_000
  expect(await (await app.connection()).token()).toBe(site.tokens('access')[1])
  expect([...app.cookies.keys()]).toEqual(['connector_fakeclient_session'])
})

test('the request to the site carries state, nonce and an S256 challenge, and the cookie tells nothing of them', async () => {
  const away = await app.visit(app.connector.signInUrl())
  const { searchParams } = new URL(away.headers.get('location')!)
  expect(searchParams.get('code_challenge_method')).toBe('S256')
  for (const name of ['state', 'nonce', 'code_challenge']) expect(searchParams.get(name)).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(searchParams.get('redirect_uri')).toBe('http://localhost:4100/connect/callback')
  const cookie = away.headers.getSetCookie()[0]!
  expect(cookie).toMatch(/HttpOnly; SameSite=Lax; Max-Age=600$/)
  for (const name of ['state', 'nonce']) expect(cookie).not.toContain(searchParams.get(name))
})

test('an app on https sets Secure cookies that no other host can set', async () => {
  const secure = new TestApp(site, { client: { id: 'x', redirectUri: 'https://app.example.com/connect/callback' } })
  const away = await secure.visit(secure.connector.signInUrl())
  expect(away.headers.getSetCookie()[0]).toMatch(/^__Host-connector_x_signin_.*; Path=\/; .*; Secure$/)
})

test.each([
  [undefined, 30 * 86_400_000],
  [{ absoluteMs: 3_600_000 }, 3_600_000],
])('a session ends when the app has set it to (%j), for the browser and for the app', async (session, lifeMs) => {
  app = new TestApp(site, session === undefined ? {} : { session })
  const [cookie] = (await app.signIn()).headers.getSetCookie().filter((each) => each.includes('_session='))
  expect(cookie).toMatch(new RegExp(`; Max-Age=${lifeMs / 1000}$`))
  app.ahead += lifeMs - 60_000
  expect(await app.connector.session(app.request())).toBeDefined()
  app.ahead += 60_000
  expect(await app.connector.session(app.request())).toBeUndefined()
})

describe('a callback is refused without asking for tokens (J01, J04)', () => {
  test.each<[string, (callback: URL) => void | Promise<void>]>([
    ['with a foreign state', (callback) => callback.searchParams.set('state', 'A'.repeat(43))],
    ['without a state', (callback) => callback.searchParams.delete('state')],
    ["with another browser's state", () => app.cookies.clear()],
    ['after ten minutes', () => void (app.ahead = 600_001)],
    [
      'with a state of the same first letters',
      (callback) => callback.searchParams.set('state', `${callback.searchParams.get('state')!.slice(0, 8)}x`),
    ],
    ['without a code', (callback) => callback.searchParams.delete('code')],
  ])('%s', async (_name, change) => {
    const callback = new URL(await app.atSite())
    await change(callback)
    expect((await app.visit(callback.href)).status).toBe(400)
    await expectRefused(InvalidSignIn)
    expect(site.count(OAUTH_PATHS.token)).toBe(0)
  })

  test('with a state that was used, even by a copy of the cookies', async () => {
    const callback = await app.atSite()
    const copy = new Map(app.cookies)
    await app.visit(callback)
    for (const [name, value] of copy) app.cookies.set(name, value)
    app.cookies.delete('connector_fakeclient_session')
    await app.visit(callback)
    await expectRefused(InvalidSignIn)
    expect(site.count(OAUTH_PATHS.token)).toBe(1)
  })
})

test('HEAD, as what looks at links sends it, begins no sign-in and leaves the one under way to its person', async () => {
  expect((await app.visit(app.connector.signInUrl(), { method: 'HEAD' })).status).toBe(405)
  const callback = await app.atSite()
  const looked = await app.visit(callback, { method: 'HEAD' })
  expect([looked.status, looked.headers.get('allow'), looked.headers.getSetCookie()]).toEqual([405, 'GET', []])
  expect(site.count(OAUTH_PATHS.token)).toBe(0)
  expect((await app.visit(callback)).status).toBe(303)
  expect(await app.connector.session(app.request())).toBeDefined()
})

test('an answer without an issuer is refused where the site says that it names one (J02)', async () => {
  const callback = new URL(await app.atSite())
  callback.searchParams.delete('iss')
  await app.visit(callback.href)
  await expectRefused(InvalidSignIn)
  expect(site.count(OAUTH_PATHS.token)).toBe(0)
})

describe('an id_token is refused (J03)', () => {
  test.each<[string, Record<string, unknown>]>([
    ['of another issuer', { iss: 'https://evil.example.com' }],
    ['for another app', { aud: 'another-client' }],
    ['for several apps, handed to another', { aud: ['fake-client', 'another-client'], azp: 'another-client' }],
    ['with another nonce', { nonce: 'another' }],
    ['without a nonce', { nonce: undefined }],
    ['that is over', { exp: Math.floor(Date.now() / 1000) - 400 }],
    ['for another access token', { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }],
    ['without a subject', { sub: '' }],
  ])('%s', async (_name, claims) => {
    site.faults.claims = claims
    await app.signIn()
    await expectRefused(InvalidSignIn)
  })

  test('when the site publishes keys and it is signed with the secret', async () => {
    site.override = (request) =>
      request.path === OAUTH_PATHS.token
        ? {
            json: {
              access_token: 'a',
              id_token: `${btoa('{"alg":"HS256"}').replaceAll('=', '')}.${btoa('{}').replaceAll('=', '')}.AAAA`,
              scope: 'openid Item:read',
            },
          }
        : undefined
    await app.signIn()
    await expectRefused(InvalidSignIn)
  })
})

test.each<[string, Parameters<typeof discoverWith>[0]]>([
  ['of another issuer', (metadata) => ({ ...metadata, issuer: 'https://evil.example.com' })],
  ['that differs by a slash', (metadata) => ({ ...metadata, issuer: `${String(metadata['issuer'])}/` })],
  ['that leads to another host', (metadata) => ({ ...metadata, token_endpoint: 'http://169.254.169.254/token' })],
  ['that leads to no address', (metadata) => ({ ...metadata, jwks_uri: 'javascript:alert(1)' })],
])('a discovery document %s is refused (J05)', async (_name, change) => {
  await discoverWith(change)
  await app.visit(app.connector.signInUrl())
  await expectRefused(InvalidSignIn)
})

async function discoverWith(change: (metadata: Record<string, unknown>) => Record<string, unknown>): Promise<void> {
  const metadata = (await (await site.fetch(site.issuer + OAUTH_PATHS.serverMetadata)).json()) as Record<string, unknown>
  site.override = (request) => (request.path === OAUTH_PATHS.serverMetadata ? { json: change(metadata) } : undefined)
}

test('a discovery document that redirects to another host is not followed (J05)', async () => {
  site.override = (request) =>
    request.path === OAUTH_PATHS.serverMetadata ? { status: 301, headers: { location: 'http://127.0.0.1:9/metadata' } } : undefined
  await app.visit(app.connector.signInUrl())
  await expectRefused(InvalidSignIn)
})

test('where S256 is not among the methods that a site lists, an app with a secret asks without PKCE, and one without is refused', async () => {
  await discoverWith((metadata) => ({ ...metadata, code_challenge_methods_supported: ['plain'] }))
  const { searchParams } = new URL((await app.visit(app.connector.signInUrl())).headers.get('location')!)
  expect(searchParams.has('nonce')).toBe(true)
  for (const name of ['code_challenge', 'code_challenge_method']) expect(searchParams.has(name)).toBe(false)
  expect((await app.signIn()).status).toBe(303)
  const client = { id: site.publicClient.id, redirectUri: 'http://localhost:4100/connect/callback' }
  const open = new TestApp(site, { client })
  const refused = await open.visit(open.connector.signInUrl())
  expect([refused.status, refused.headers.get('location')]).toEqual([400, null])
  expect(await refused.text()).toContain('it knows no PKCE with S256')
})

test('a Frappe 15 is found by its own redirect, and one without an address by its fixed paths', async () => {
  site.override = (request) => {
    if (request.path === OAUTH_PATHS.serverMetadata) return { status: 404 }
    if (request.path === OAUTH_PATHS.openidDiscovery) return { status: 301, headers: { location: OAUTH_PATHS.configuration } }
    if (request.path === OAUTH_PATHS.configuration) return { json: { issuer: '', authorization_endpoint: 'x' } }
    return undefined
  }
  const away = await app.visit(app.connector.signInUrl())
  expect(away.headers.get('location')).toContain(`${site.issuer}${OAUTH_PATHS.authorize}?`)
  expect(site.count(OAUTH_PATHS.configuration)).toBe(1)
})

test('a required right that the site leaves out is named, and can be asked for (J06)', async () => {
  site.faults.unticked = ['Item:read']
  const response = await app.signIn()
  expect(response.status).toBe(403)
  await expectRefused(ScopeMissing)
  expect(failures[0]!.message).toContain('Item:read')
  expect(new URL(failures[0]!.again).searchParams.get('scope')).toBe('Item:read')
})

test('an optional right that was unticked leaves the person signed in', async () => {
  site.faults.unticked = ['Customer:read']
  await app.signIn()
  expect(await (await app.connection()).scopes()).toEqual(['openid', 'Item:read'])
})

test('a step-up asks for what is granted and what is missing, so that the site shows the difference, and for nothing that the app is not set to ask for', async () => {
  site.faults.unticked = ['Customer:read']
  await app.signIn()
  const away = await app.visit(app.connector.signInUrl({ scopes: ['Customer:read', 'User:write'] }))
  const { searchParams } = new URL(away.headers.get('location')!)
  expect(searchParams.get('scope')).toBe('openid Item:read Customer:read')
  expect(searchParams.get('prompt')).toBeNull()
})

test('a right that is missing says where to ask for it, where the app is set to', async () => {
  site.faults.unticked = ['Customer:read']
  await app.signIn()
  const { client } = await app.connection()
  const lacking = (scope: string): Promise<unknown> => {
    const headers = { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` }
    site.override = () => ({ status: 403, json: { exc_type: 'PermissionError' }, headers })
    return client.list('Customer').catch(problemOf)
  }
  const problem = (await lacking('Customer:read User:write')) as Problem
  expect(problem).toMatchObject({ code: 'scope_missing', url: app.connector.signInUrl({ scopes: ['Customer:read'] }) })
  expect(await lacking('User:write')).not.toHaveProperty('url')
  site.override = undefined
  const { searchParams } = new URL((await app.visit(problem.url!)).headers.get('location')!)
  expect(searchParams.get('scope')).toBe('openid Item:read Customer:read')
})

test.each([
  'https://evil.example.com/x',
  '//evil.example.com',
  '/.//evil.example.com',
  'blob:http://localhost:4100/x',
  '/\\evil.example.com',
  'javascript:alert(1)',
  'http://localhost:4101/',
  '\u0000',
])('after the sign-in nobody is sent to %j (J08)', async (target) => {
  const url = new URL(app.connector.signInUrl())
  url.searchParams.set('return_to', target)
  expect(new URL((await app.signIn(url.href)).headers.get('location')!).origin).toBe('http://localhost:4100')
})

test('a denial is told in words, with or without a state', async () => {
  site.faults.deny = true
  const callback = new URL(await app.atSite())
  expect((await app.visit(callback.href)).status).toBe(403)
  await expectRefused(ConsentDenied)
  callback.searchParams.delete('state')
  await app.visit(callback.href)
  expect(failures[1]!.error).toBeInstanceOf(ConsentDenied)
  expect(site.count(OAUTH_PATHS.token)).toBe(0)
})

test('without a page of the app, a failed sign-in is a page without scripts that escapes what the site says', async () => {
  const bare = new TestApp(site)
  const callback = new URL(await bare.atSite())
  callback.searchParams.delete('code')
  callback.searchParams.set('error', 'server_error')
  callback.searchParams.set('error_description', '<script>alert(1)</script>')
  const page = await (await bare.visit(callback.href)).text()
  expect(page).toContain('&lt;script&gt;')
  expect(page).toContain('Sign in with the primary site')
})

test('a site that does not answer is told as such, and the sign-in works once it does', async () => {
  site.faults.down = true
  expect((await app.visit(app.connector.signInUrl())).status).toBe(503)
  await expectRefused(UpstreamUnavailable)
  site.faults.down = false
  expect((await app.signIn()).status).toBe(303)
})

test('two sign-ins in two tabs of a browser both come to their end', async () => {
  const [first, second] = [await app.atSite(), await app.atSite()]
  expect((await app.visit(first)).status).toBe(303)
  expect((await app.visit(second)).status).toBe(303)
})

test.each([
  ['unauthorized_client', AppRefused],
  ['invalid_scope', AppRefused],
  ['server_error', InvalidSignIn],
])('a sign-in that the site refuses with %s says whose fault it is', async (code, kind) => {
  const back = new URL(await app.atSite())
  for (const name of ['code', 'scope']) back.searchParams.delete(name)
  back.searchParams.set('error', code)
  back.searchParams.set('error_description', 'The words of the site')
  await app.visit(back.href)
  await expectRefused(kind)
  expect(failures[0]!.message).toContain('The words of the site')
})

test('however often a sign-in is begun, the browser carries few cookies', async () => {
  for (let time = 0; time < 20; time++) await app.visit(app.connector.signInUrl())
  expect(app.cookies.size).toBeLessThanOrEqual(4)
})

test('a second sign-in changes the session id, ends the first, and has the replaced tokens revoked', async () => {
  await app.signIn()
  const old = app.request()
  await app.signIn()
  expect(await app.connector.session(old)).toBeUndefined()
  expect(await app.connector.session(app.request())).toBeDefined()
  await expect.poll(() => site.count(OAUTH_PATHS.revoke)).toBe(1)
  await expect((await app.connection()).check()).resolves.toBeUndefined()
})

test('D22 what a browser can ask the app for are a few paths of its own, and none of them hands a call on to the site', async () => {
  const secrets = { frappe: ['a secret of the test'] }
  const links = { Customer: { searchFields: ['customer_name'] } }
  app = new TestApp(site, { links, scripts: true, revocations: {}, webhooks: { secrets, onDocument: () => undefined } })
  await app.signIn()
  // With all that an app can switch on.
  expect(app.connector.routes.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual([
    'GET /connect/callback',
    'GET /connect/links/*',
    'GET /connect/login',
    'GET /connect/script',
    'POST /connect/backchannel-logout',
    'POST /connect/events',
    'POST /connect/logout',
    'POST /connect/webhook',
    'POST /connect/webhook/*',
  ])
  const before = site.requests.length
  for (const path of ['/connect/api/resource/Item/A', '/connect/call/frappe.client.delete', '/api/method/frappe.client.delete', '/connect'])
    for (const method of ['GET', 'POST', 'PUT', 'DELETE'])
      expect(
        await app.connector.handler(new Request(app.connector.origin + path, { method, headers: app.request().headers })),
      ).toBeUndefined()
  expect(site.requests).toHaveLength(before)
})

test("signing out ends the browser's session, from the app's own pages alone", async () => {
  await app.signIn()
  const refused = await app.visit(app.connector.signOutUrl, { method: 'POST', headers: { origin: 'https://evil.example.com' } })
  expect(refused.status).toBe(403)
  expect((await app.visit(app.connector.signOutUrl)).status).toBe(405)
  const kept = app.request()
  const out = await app.visit(app.connector.signOutUrl, { method: 'POST', headers: { origin: 'http://localhost:4100' } })
  expect(out.status).toBe(303)
  expect(await app.connector.session(kept)).toBeUndefined()
})

test('a person who disconnects is forgotten here and at the site', async () => {
  await app.signIn()
  const connection = await app.connection()
  expect(await connection.disconnect()).toEqual({ revoked: true })
  expect(site.requests.at(-1)!.body).toContain('token_type_hint=refresh_token&client_id=fake-client')
  expect(site.requests.at(-1)!.headers.get('authorization')).toBeNull()
  expect(await app.connector.session(app.request())).toBeUndefined()
})

test('a person who disconnects while the site is down is forgotten here', async () => {
  await app.signIn()
  const connection = await app.connection()
  site.faults.down = true
  expect(await connection.disconnect()).toEqual({ revoked: false })
  expect(await app.store.of('').connections.read(connection.id)).toBeUndefined()
})
