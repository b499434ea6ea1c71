import { beforeEach, describe, expect, test, vi } from 'vitest'
import { OAUTH_PATHS } from '@annex/protocol'
import { FakeUpstream } from '../../../testing/fake/fake-upstream.ts'
import type { FakeKind } from '../../../testing/fake/kinds.ts'
import { TestApp } from '../../../testing/test-app.ts'
import { AppRefused, ConsentDenied, InvalidSignIn, ScopeMissing, UpstreamUnavailable } from '../../errors.ts'
import type { SignInFailure } from '../sign-in-pages.ts'

const kinds: readonly FakeKind[] = ['annex', 'frappe-16', 'frappe-15']

describe.each(kinds)('a sign-in at %s', (kind) => {
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

  beforeEach(() => {
    site = new FakeUpstream({ kind })
    failures = []
    app = newApp()
  })

  async function expectRefused(error: new (...all: never[]) => Error): Promise<void> {
    expect(failures.map((failure) => failure.error)).toEqual([expect.any(error)])
    expect(await app.connector.session(app.request())).toBeUndefined()
  }

  test('D1 a whole life is spent at the one address that was set, and D4 no path, query or log line holds a token', async () => {
    const logged: string[] = []
    app = new TestApp(site, { log: (event, detail) => logged.push(JSON.stringify([event, detail])) })
    expect((await app.signIn()).status).toBe(303)
    const connection = await app.connection()
    await connection.check()
    site.expireAccess()
    app.ahead = 3_600_000
    await connection.check()
    await connection.disconnect()
    const tokens = [...site.tokens('access'), ...site.tokens('refresh'), site.client.secret]
    expect(tokens.length).toBeGreaterThanOrEqual(5)
    const open = [...logged, ...site.requests.map(({ path, query }) => `${path}?${query.toString()}`)].join('\n')
    for (const token of tokens) expect(open).not.toContain(token)
    expect(site.requests.some(({ path }) => path.includes('OAuth%20Bearer%20Token') || path.includes('OAuth Bearer Token'))).toBe(false)
    // The fake is at one origin alone: a request to any other throws.
    expect(site.requests.length).toBeGreaterThan(5)
  })

  test('O1 O2 asks as Frappe understands: form bodies, no query, no header but where the site wants one, no cookie', async () => {
    await app.signIn()
    const asked = site.requests.filter(({ path }) => path === OAUTH_PATHS.token)
    const last = asked.at(-1)!
    expect(last.method).toBe('POST')
    expect([...last.query]).toEqual([])
    expect(last.headers.get('accept')).toBe('application/json')
    expect(last.headers.get('cookie')).toBeNull()
    // A Frappe 16 announces the header and takes it for an API key: it is tried, and the body then.
    expect(asked.map(({ headers }) => headers.has('authorization'))).toEqual(kind === 'frappe-16' ? [true, false] : [false])
    expect(new URLSearchParams(last.body).get('client_secret')).toBe(site.client.secret)
    if (kind !== 'frappe-16') return
    site.expireAccess()
    app.ahead = 3_600_000
    await (await app.connection()).token()
    const all = site.requests.filter(({ path }) => path === OAUTH_PATHS.token)
    expect(all.map(({ headers }) => headers.has('authorization'))).toEqual([true, false, false])
  })

  test('O9 access that is given back is over at the site, by whatever way the site wants to be told', async () => {
    await app.signIn()
    const access = site.tokens('access')[0]!
    expect(await (await app.connection()).disconnect()).toEqual({ revoked: true })
    const told = site.requests.findLast(({ path }) => path === OAUTH_PATHS.revoke)!
    expect(Object.fromEntries(new URLSearchParams(told.body))).toMatchObject({
      token: site.tokens('refresh')[0],
      token_type_hint: 'refresh_token',
      client_id: site.client.id,
    })
    expect([told.headers.get('authorization'), [...told.query]]).toEqual([null, []])
    const answer = await site.fetch(site.issuer + OAUTH_PATHS.profile, { headers: { authorization: `Bearer ${access}` } })
    expect(answer.status).toBe(401)
  })

  test.each<[string, object, string]>([
    ['error_description', { error: 'unsupported_grant_type', error_description: 'Its words' }, 'Its words'],
    ['description', { error: 'unsupported_grant_type', description: 'Its words', status_code: 400 }, 'Its words'],
    ['the error alone', { error: 'unsupported_grant_type' }, 'unsupported_grant_type'],
    ['a name of an exception', { exc_type: 'AuthenticationError' }, 'does not know the app'],
  ])('O4 what the site says of a refusal is read from %s, and comes with what to do', async (_name, json, words) => {
    site.override = ({ path }) => (path === OAUTH_PATHS.token ? { status: 400, json } : undefined)
    await app.signIn()
    await expectRefused(AppRefused)
    expect(failures[0]!.message).toContain(words)
    expect(failures[0]!.message).toMatch(/: (an administrator of the site has to|compare) /)
  })

  test('O3 state, nonce and challenge are of letters that every Frappe takes', async () => {
    const { searchParams } = new URL((await app.visit(app.connector.signInUrl())).headers.get('location')!)
    for (const name of ['state', 'nonce', 'code_challenge']) expect(searchParams.get(name)).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(searchParams.get('code_challenge_method')).toBe('S256')
    expect(searchParams.get('redirect_uri')).toBe('http://localhost:4100/connect/callback')
  })

  test.each<[string, (callback: URL) => void]>([
    ['a foreign state', (callback) => callback.searchParams.set('state', 'A'.repeat(43))],
    ['no state', (callback) => callback.searchParams.delete('state')],
    ["another browser's state", () => app.cookies.clear()],
    ['a state of eleven minutes ago', () => void (app.ahead = 660_000)],
    ['no code', (callback) => callback.searchParams.delete('code')],
  ])('J01 J04 a callback with %s is refused without asking for tokens', async (_name, change) => {
    const callback = new URL(await app.atSite())
    change(callback)
    expect((await app.visit(callback.href)).status).toBe(400)
    await expectRefused(InvalidSignIn)
    expect(site.count(OAUTH_PATHS.token)).toBe(0)
  })

  test('J01 a state is good once, also for a copy of the cookies', async () => {
    const callback = await app.atSite()
    const copy = new Map(app.cookies)
    await app.visit(callback)
    const asked = site.count(OAUTH_PATHS.token)
    app.cookies.clear()
    for (const [name, value] of copy) app.cookies.set(name, value)
    await app.visit(callback)
    await expectRefused(InvalidSignIn)
    expect(site.count(OAUTH_PATHS.token)).toBe(asked)
  })

  test('J02 an answer that names another issuer is refused', async () => {
    const callback = new URL(await app.atSite())
    callback.searchParams.set('iss', 'https://evil.example.com')
    await app.visit(callback.href)
    await expectRefused(InvalidSignIn)
    expect(site.count(OAUTH_PATHS.token)).toBe(0)
  })

  test("J03 another person's code does not sign in here", async () => {
    const victim = new URL(await newApp().atSite()).searchParams.get('code')!
    const callback = new URL(await app.atSite())
    callback.searchParams.set('code', victim)
    await app.visit(callback.href)
    await expectRefused(InvalidSignIn)
  })

  test.each<[string, Record<string, unknown>]>([
    ['of another issuer', { iss: 'https://evil.example.com' }],
    ['for another app', { aud: 'another-client' }],
    ['with another nonce', { nonce: 'another' }],
    ['without a nonce', { nonce: undefined }],
    ['that is over', { exp: 1_000_000_000 }],
    ['for another access token', { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }],
  ])('J03 an id_token %s is refused', async (_name, claims) => {
    site.faults.claims = claims
    await app.signIn()
    await expectRefused(InvalidSignIn)
  })

  test.each([-300_000, 300_000])('O11 a clock that is off by %i ms is no reason to refuse a person', async (ahead) => {
    app.ahead = ahead
    expect((await app.signIn()).status).toBe(303)
  })

  test('J06 a right that was left out is named, and asked for by the link', async () => {
    site.faults.unticked = ['Item:read']
    expect((await app.signIn()).status).toBe(403)
    await expectRefused(ScopeMissing)
    expect(new URL(failures[0]!.again).searchParams.get('scope')).toBe('Item:read')
  })

  test.each([
    'https://evil.example.com/x',
    '//evil.example.com',
    '/.//evil.example.com',
    'http://localhost:4100@evil.example.com/',
    'http://localhost:4100.evil.example.com/',
    '/\\evil.example.com',
    '\\\\evil.example.com',
    '/\t/evil.example.com',
    'javascript:alert(1)',
    'data:text/html,x',
    'blob:http://localhost:4100/x',
    'http://localhost:4101/',
    'https://localhost:4100/',
    '\u0000',
  ])('J08 A27 after the sign-in nobody is sent to %j', async (target) => {
    const url = new URL(app.connector.signInUrl())
    url.searchParams.set('return_to', target)
    expect(new URL((await app.signIn(url.href)).headers.get('location')!).origin).toBe('http://localhost:4100')
  })

  test('O16 who says no is told so, with or without a state, and may go on', async () => {
    const callback = await app.atSite(undefined, { deny: true })
    expect(new URL(callback).searchParams.has('state')).toBe(kind === 'annex')
    expect((await app.visit(callback)).status).toBe(403)
    await expectRefused(ConsentDenied)
    expect(site.count(OAUTH_PATHS.token)).toBe(0)
    expect((await app.signIn(failures[0]!.again)).status).toBe(303)
  })

  test('four tabs of a browser all come to their end, and a fifth drops the first', async () => {
    const tabs: string[] = []
    for (let tab = 0; tab < 5; tab++) tabs.push(await app.atSite())
    expect(app.cookies.size).toBe(4)
    expect((await app.visit(tabs[0]!)).status).toBe(400)
    for (const tab of tabs.slice(1)) expect((await app.visit(tab)).status).toBe(303)
  })

  test('a step-up asks for what is granted and what is missing', async () => {
    site.faults.unticked = ['Customer:read']
    await app.signIn()
    expect(await (await app.connection()).scopes()).toEqual(['openid', 'Item:read'])
    const away = await app.visit(app.connector.signInUrl({ scopes: ['Customer:read', 'User:write'] }))
    expect(new URL(away.headers.get('location')!).searchParams.get('scope')).toBe('openid Item:read Customer:read')
  })

  test.each([429, 500, 503])(
    'a site that answers %i to every question is told to be busy, and the sign-in works once it is not',
    async (status) => {
      site.override = () => ({ status, headers: { 'retry-after': '7' }, json: {} })
      expect((await app.visit(app.connector.signInUrl())).status).toBe(503)
      await expectRefused(UpstreamUnavailable)
      expect((failures[0]!.error as UpstreamUnavailable).retryAfterMs).toBe(7000)
      site.override = undefined
      expect((await app.signIn()).status).toBe(303)
    },
  )

  test('Administrator, whom the site has no id for, is told so in one sentence', async () => {
    expect((await app.signIn(undefined, { user: 'Administrator' })).status).toBe(400)
    await expectRefused(InvalidSignIn)
    expect(failures[0]!.message).toBe(
      'The site has no id for this user (sub), as Frappe has none for Administrator: sign in as another user, or have its administrator save the User once more',
    )
  })

  test('a public client knows its people: by the id_token where keys prove it, by the profile where nothing can', async () => {
    app = new TestApp(site, { client: { id: site.publicClient.id, redirectUri: 'http://localhost:4100/connect/callback' } })
    expect((await app.signIn()).status).toBe(303)
    const session = await app.connector.session(app.request())
    expect(session?.user).toEqual({ issuer: site.issuer, subject: 'sam-sub', name: 'Sam Seller', email: 'sam@example.com' })
    expect(site.count(OAUTH_PATHS.profile)).toBe(kind === 'annex' ? 0 : 1)
  })

  test('a name that the id_token leaves out is the profile’s, unless that is of somebody else', async () => {
    site.faults.claims = { name: undefined }
    let profile: object | undefined
    site.override = ({ path }) => (path === OAUTH_PATHS.profile && profile !== undefined ? { json: profile } : undefined)
    const nameOf = async (): Promise<string | undefined> => {
      await app.signIn()
      return (await app.connector.session(app.request()))?.user.name
    }
    expect(await nameOf()).toBe('Sam Seller')
    profile = { sub: 'eve-sub', name: 'Eve', email: 'eve@example.com' }
    expect(await nameOf()).toBe('sam-sub')
  })

  test("the site's name for the browser session stands with the app's own, so that a sign-out there can end it", async () => {
    const insert = vi.spyOn(app.store.of('').sessions, 'insert')
    await app.signIn()
    const { sid, connection } = insert.mock.calls[0]![0]
    expect(sid).toEqual(kind === 'annex' ? expect.stringMatching(/^\S{8,}$/) : null)
    if (sid === null) return
    expect(await app.store.of('').sessions.removeAll(connection, 'another')).toBe(0)
    expect(await app.store.of('').sessions.removeAll(connection, sid)).toBe(1)
    expect(await app.connector.session(app.request())).toBeUndefined()
  })
})
