import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import type { EndedSession } from '../../identity/sessions/session-store.ts'
import { Browser, ask, connect, me, person, post, register, renew, type App, type Reply } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { listLogoutReceivers } from './logout-audience.ts'

const END = '/api/method/frappe.integrations.oauth2.end_session'
const BACK = 'https://app.example.com/bye'
const BACKCHANNEL = 'https://app.example.com/backchannel'

describe.each(engines)('signing out at the wish of an app on %s', (engine) => {
  let provider: Provider
  let app: App
  let user: string
  const ended: EndedSession[] = []

  beforeAll(async () => {
    provider = await openProvider(engine)
    provider.sessions.onEnd(async (_connection, session) => void ended.push(session))
    app = await register(provider, { post_logout_redirect_uris: `${BACK}\n${BACK}?from=annex`, backchannel_logout_uri: BACKCHANNEL })
    user = await person(provider)
  })
  afterAll(() => provider.close())

  const signedIn = (): Promise<Browser> => new Browser(provider).signIn(user)
  const isSignedIn = async (browser: Browser): Promise<boolean> => (await browser.get('/app')).status === 200
  const end = (browser: Browser, query: Record<string, string>, headers = {}): Promise<Reply> =>
    browser.get(`${END}?${new URLSearchParams(query)}`, headers)
  const press = (browser: Browser, page: Reply, decision: string, changed: Record<string, string> = {}): Promise<Reply> => {
    const fields = Object.fromEntries(
      [...page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [name, decode(value)]),
    ) as Record<string, string>
    return browser.post(/<form class="card" method="post" action="([^"]*)"/.exec(page.text)?.[1] ?? '', { ...fields, decision, ...changed })
  }

  it('is done at once for an app that shows an id_token of the person, and leads back with the state', async () => {
    const alice = await signedIn()
    const { idToken, access, refresh } = await connect(provider, alice, app)
    const reply = await end(alice, { id_token_hint: idToken, post_logout_redirect_uri: BACK, state: 'a b&c' })
    expect([reply.status, reply.location?.href]).toEqual([303, `${BACK}?state=a+b%26c`])
    expect(reply.headers.getSetCookie().find((line) => line.startsWith('sid='))).toMatch(/^sid=;.*Expires=Thu, 01 Jan 1970/)
    expect(await isSignedIn(alice)).toBe(false)
    expect((await me(provider, access)).status).toBe(200)
    expect((await renew(provider, app, refresh)).status).toBe(200)
  })

  it('takes an id_token that has expired, by POST too, from whatever site', async () => {
    const alice = await signedIn()
    const { idToken } = await connect(provider, alice, app)
    provider.advance(7200)
    const sent = await post(
      provider,
      END,
      { id_token_hint: idToken, post_logout_redirect_uri: `${BACK}?from=annex`, state: 's' },
      {
        origin: 'https://app.example.com',
        'sec-fetch-site': 'cross-site',
      },
    )
    expect(sent.status).toBe(303)
    const reply = await alice.get(`${sent.location?.pathname}${sent.location?.search}`)
    expect([reply.status, reply.location?.href]).toEqual([303, `${BACK}?from=annex&state=s`])
    expect(await isSignedIn(alice)).toBe(false)
  })

  it('G06 leads to no address that the app did not register', async () => {
    const alice = await signedIn()
    const { idToken } = await connect(provider, alice, app)
    for (const uri of ['https://evil.example/', `${BACK}/`, `${BACK}?x=1`, 'javascript:alert(1)', 'https://app.example.com/cb', '//evil'])
      for (const proof of [{ id_token_hint: idToken }, { client_id: app.id }]) {
        const reply = await end(alice, { ...proof, post_logout_redirect_uri: uri })
        expect([reply.status, reply.location, uri]).toEqual([400, undefined, uri])
      }
    const nobodys = await end(alice, { post_logout_redirect_uri: BACK })
    expect([nobodys.status, nobodys.location]).toEqual([400, undefined])
    expect(await isSignedIn(alice)).toBe(true)
  })

  it('G06 asks a person when no id_token comes along, and does what they say', async () => {
    const alice = await signedIn()
    for (const query of [{}, { client_id: app.id, post_logout_redirect_uri: BACK }, { id_token_hint: 'rubbish' }] as Record<
      string,
      string
    >[]) {
      const page = await end(alice, query)
      expect([page.status, page.location]).toEqual([200, undefined])
      expect(page.text).toContain('Sign out?')
      // It may lead back to the app, which Chromium would count as a form's target.
      expect(page.headers.get('content-security-policy')).not.toContain('form-action')
    }
    expect(await isSignedIn(alice)).toBe(true)
    const page = await end(alice, { client_id: app.id, post_logout_redirect_uri: BACK, state: 'x"y' })
    expect(page.text).toContain('<bdi>Field Sales</bdi> asks to sign you out')
    expect(page.text).toContain('app.example.com')
    expect((await press(alice, page, 'stay')).location?.pathname).toBe('/app')
    expect(await isSignedIn(alice)).toBe(true)
    expect((await press(alice, page, 'sign-out', { post_logout_redirect_uri: 'https://evil.example/' })).status).toBe(400)
    expect((await press(alice, page, 'sign-out', { csrf_token: 'wrong' })).status).toBe(400)
    expect(await isSignedIn(alice)).toBe(true)
    const reply = await press(alice, page, 'sign-out')
    expect([reply.status, reply.location?.href]).toEqual([303, `${BACK}?state=x%22y`])
    expect(await isSignedIn(alice)).toBe(false)
  })

  it('G06 asks too when the id_token is of somebody else', async () => {
    const bob = await new Browser(provider).signIn(await person(provider))
    const { idToken } = await connect(provider, bob, app)
    const alice = await signedIn()
    const reply = await end(alice, { id_token_hint: idToken, post_logout_redirect_uri: BACK })
    expect([reply.status, reply.location]).toEqual([200, undefined])
    expect(await isSignedIn(alice)).toBe(true)
  })

  it('refuses an id_token of another client than is named, an unknown client, and what comes twice', async () => {
    const alice = await signedIn()
    const { idToken } = await connect(provider, alice, app)
    const other = await register(provider)
    expect((await end(alice, { id_token_hint: idToken, client_id: other.id })).status).toBe(400)
    expect((await end(alice, { client_id: 'nobody' })).status).toBe(400)
    expect((await alice.get(`${END}?state=a&state=b`)).status).toBe(400)
    expect(await isSignedIn(alice)).toBe(true)
  })

  it('of somebody who is not signed in leads back at once, or says that it is so', async () => {
    const nobody = new Browser(provider)
    expect((await end(nobody, { client_id: app.id, post_logout_redirect_uri: BACK })).location?.href).toBe(BACK)
    expect((await end(nobody, {})).text).toContain('You are signed out of this site')
  })

  it('tells apps by which session they know a person, each by a name of its own, where they want to be told of its end', async () => {
    const alice = await signedIn()
    const [second, untold] = [await register(provider, { backchannel_logout_uri: BACKCHANNEL }), await register(provider)]
    const sidIn = async (which: App): Promise<unknown> => decodeJwt((await connect(provider, alice, which)).idToken)['sid']
    const [one, two] = [await sidIn(app), await sidIn(second)]
    expect(one).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(two).not.toBe(one)
    expect(await sidIn(app)).toBe(one)
    expect(await sidIn(untold)).toBeUndefined()
    ended.length = 0
    await alice.get('/api/method/logout')
    expect(ended).toEqual([{ hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string, user }])
    const receivers = await listLogoutReceivers(provider.database.connection, ended[0] as EndedSession)
    expect(Object.fromEntries(receivers.map(({ client, sid }) => [client.id, sid]))).toEqual({ [app.id]: one, [second.id]: two })
    expect(JSON.stringify([one, two])).not.toContain(ended[0]?.hash)
  })

  it('ends a session by GET for programs of old, and not for a link on another site', async () => {
    const alice = await signedIn()
    const refused = await alice.get('/api/method/logout', { 'sec-fetch-site': 'cross-site', accept: 'application/json' })
    expect([refused.status, refused.json['exc_type']]).toEqual([400, 'CSRFTokenError'])
    expect(await isSignedIn(alice)).toBe(true)
    expect((await alice.get('/api/method/logout', { accept: 'application/json' })).status).toBe(200)
    expect(await isSignedIn(alice)).toBe(false)
    const bob = await signedIn()
    expect((await bob.post('/logout', {})).status).toBe(400)
    const page = await bob.get('/logout')
    expect(page.text).toContain('Sign out?')
    expect((await press(bob, page, 'sign-out')).status).toBe(303)
    expect(await isSignedIn(bob)).toBe(false)
  })

  it('is named in the metadata', async () => {
    expect((await ask(provider, '/.well-known/openid-configuration')).json).toMatchObject({
      end_session_endpoint: provider.base + END,
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
    })
  })
})

const decode = (text = ''): string => text.replaceAll('&quot;', '"').replaceAll('&amp;', '&').replaceAll('&#39;', "'")
