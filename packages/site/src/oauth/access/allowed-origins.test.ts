import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import {
  Browser,
  INTROSPECT,
  PROFILE,
  REVOKE,
  TOKEN,
  ask,
  connect,
  me,
  person,
  pkce,
  post,
  register,
  request,
  swap,
  type App,
} from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

const OWN = 'https://spa.example.com'
const OTHER = 'https://other.example.com'
const STRANGER = 'https://evil.example'

describe.each(engines)('scripts of other origins on %s', (engine) => {
  let provider: Provider
  let app: App
  let other: App
  let access: string
  let browser: Browser

  beforeAll(async () => {
    provider = await openProvider(engine)
    app = await register(provider, { allowed_origins: `${OWN}\nhttp://localhost:5173` })
    other = await register(provider, { app_name: 'Other', allowed_origins: OTHER })
    browser = await new Browser(provider).signIn(await person(provider))
    access = (await connect(provider, browser, app)).access
  })
  afterAll(() => provider.close())

  const preflight = (path: string, origin: string, method = 'GET') =>
    ask(provider, path, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': 'authorization' },
    })

  it.each([
    ['/api/me', OWN, OWN],
    ['/api/me', 'http://localhost:5173', 'http://localhost:5173'],
    ['/api/me', OTHER, OTHER],
    ['/api/resource/Item', OWN, OWN],
    [TOKEN, OWN, OWN],
    [REVOKE, OWN, OWN],
    ['/.well-known/oauth-authorization-server', STRANGER, '*'],
    ['/.well-known/openid-configuration', STRANGER, '*'],
    ['/api/me', STRANGER, null],
    ['/api/me', 'null', null],
    ['/api/me', `${OWN}.evil.example`, null],
    ['/api/me', 'http://spa.example.com', null],
    [TOKEN, STRANGER, null],
  ])('a browser that asks for %s from %s is told %s', async (path, origin, allowed) => {
    const { headers, status } = await preflight(path, origin, 'POST')
    expect(headers.get('access-control-allow-origin')).toBe(allowed)
    expect(headers.get('access-control-allow-credentials')).toBeNull()
    expect(status).toBe(allowed === null ? 200 : 204)
    if (allowed === null) return expect(headers.get('access-control-allow-headers')).toBeNull()
    expect(headers.get('access-control-allow-headers')).toContain('authorization')
    expect(headers.get('vary')).toBe('Origin')
  })

  it('read the answer to their own app’s token, and what stands in its headers', async () => {
    const reply = await me(provider, access, { origin: OWN })
    expect(reply.status).toBe(200)
    expect(reply.headers.get('access-control-allow-origin')).toBe(OWN)
    expect(reply.headers.get('vary')).toBe('Origin')
    expect(reply.headers.get('access-control-allow-credentials')).toBeNull()
    for (const name of ['www-authenticate', 'retry-after', 'x-annex-incident'])
      expect(reply.headers.get('access-control-expose-headers')).toContain(name)
  })

  it('read why a token is not good, so that they can renew it', async () => {
    const reply = await me(provider, `at1_${'A'.repeat(43)}`, { origin: OWN })
    expect(reply.status).toBe(401)
    expect(reply.headers.get('access-control-allow-origin')).toBe(OWN)
    expect(reply.headers.get('www-authenticate')).toContain('invalid_token')
  })

  it.each([OTHER, STRANGER, 'null'])('of %s are refused another app’s token, and cannot read it', async (origin) => {
    const reply = await me(provider, access, { origin })
    expect([reply.status, reply.json['exc_type']]).toEqual([403, 'PermissionError'])
    expect(reply.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('have no use for the token of an app that names no origins; a program that names its own is no script', async () => {
    const plain = (await connect(provider, browser, await register(provider))).access
    for (const origin of [OWN, OTHER]) {
      const reply = await me(provider, plain, { origin })
      expect([reply.status, reply.headers.get('access-control-allow-origin')]).toEqual([403, null])
    }
    for (const origin of [STRANGER, 'null', 'capacitor://localhost']) {
      const reply = await me(provider, plain, { origin })
      expect([reply.status, reply.headers.get('access-control-allow-origin')]).toEqual([200, null])
    }
  })

  it('of the site itself, and programs, need no leave', async () => {
    expect((await me(provider, access, { origin: provider.base })).status).toBe(200)
    expect((await me(provider, access)).headers.get('access-control-allow-origin')).toBeNull()
  })

  it('are nobody by cookie', async () => {
    const own = await ask(provider, '/api/me', { headers: { origin: OWN, cookie: browser.cookie } })
    expect(own.json['user']).toBe('Guest')
    expect(own.headers.get('set-cookie')).toBeNull()
    const posted = await post(provider, '/api/me', {}, { origin: OWN, cookie: browser.cookie })
    expect(posted.json['user']).toBe('Guest')
    const stranger = await post(provider, '/api/me', {}, { origin: STRANGER, cookie: browser.cookie })
    expect(stranger.status).toBe(400)
    expect(stranger.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('swap a code, read the profile and end the token without a secret', async () => {
    const spa = await register(provider, { app_name: 'SPA', kind: 'public', allowed_origins: OWN })
    const { verifier, challenge } = pkce()
    const code = await browser.code(request(spa, { code_challenge: challenge, code_challenge_method: 'S256' }))
    const reply = await ask(provider, TOKEN, {
      method: 'POST',
      headers: { origin: OWN },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        client_id: spa.id,
        code_verifier: verifier,
        redirect_uri: 'https://app.example.com/cb',
      }),
    })
    expect(reply.status, reply.text).toBe(200)
    expect(reply.headers.get('access-control-allow-origin')).toBe(OWN)
    const token = String(reply.json['access_token'])
    const profile = await ask(provider, PROFILE, { headers: { authorization: `Bearer ${token}`, origin: OWN } })
    expect([profile.status, profile.headers.get('access-control-allow-origin')]).toEqual([200, OWN])
    const ended = await post(provider, REVOKE, { token, client_id: spa.id }, { origin: OWN })
    expect([ended.status, ended.headers.get('access-control-allow-origin')]).toEqual([200, OWN])
  })

  const basic = (id: string, secret: string): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  })
  const wrongCode = { grant_type: 'authorization_code', code: 'ac1_wrong' }
  const wrongSecret = { ...wrongCode, client_secret: 'wrong' }
  const allowedTo = (reply: { headers: Headers }): string | null => reply.headers.get('access-control-allow-origin')

  it('read what the token endpoint and its kin answer to the app that they name, also an error', async () => {
    for (const path of [TOKEN, REVOKE, INTROSPECT]) {
      for (const reply of [
        await post(provider, path, { ...wrongSecret, token: 'x', client_id: app.id }, { origin: OWN }),
        await post(provider, path, { ...wrongCode, token: 'x' }, { origin: OWN, ...basic(app.id, app.secret) }),
        await ask(provider, path, {
          method: 'POST',
          body: JSON.stringify({ ...wrongSecret, token: 'x', client_id: app.id }),
          headers: { origin: OWN, 'content-type': 'application/json' },
        }),
      ]) {
        expect([path, allowedTo(reply), reply.headers.get('vary')]).toEqual([path, OWN, 'Origin'])
        expect(reply.headers.get('access-control-allow-credentials')).toBeNull()
      }
    }
  })

  it.each<[what: string, fields: () => Record<string, string | string[]>, headers?: () => Record<string, string>]>([
    ['names another app', () => ({ ...wrongSecret, client_id: other.id })],
    ['names another app by Basic', () => wrongCode, () => basic(other.id, other.secret)],
    ['is answered for another app', () => ({ ...wrongCode, client_id: other.id, client_secret: other.secret })],
    ['names nobody', () => wrongCode],
    ['names an app that is not there', () => ({ ...wrongCode, client_id: 'nobody' })],
    ['names two apps', () => ({ ...wrongCode, client_id: [app.id, other.id] })],
    ['names its own in the body and another by Basic', () => ({ ...wrongCode, client_id: app.id }), () => basic(other.id, other.secret)],
    ['cannot be read', () => ({ ...wrongCode, client_id: app.id, 'x\u0000': 'y' })],
  ])('read no answer to a request that %s', async (_what, fields, headers = () => ({})) => {
    for (const path of [TOKEN, REVOKE]) {
      const reply = await post(provider, path, { token: 'x', ...fields() }, { origin: OWN, ...headers() })
      expect([path, allowedTo(reply), reply.status < 500]).toEqual([path, null, true])
    }
  })

  it('read no answer for an app that is suspended, or when they are strangers', async () => {
    const own = await register(provider, { allowed_origins: OWN })
    const answer = (origin: string) => post(provider, TOKEN, { ...wrongSecret, client_id: own.id }, { origin })
    expect(allowedTo(await answer(OWN))).toBe(OWN)
    expect(allowedTo(await answer(STRANGER))).toBeNull()
    await provider.oauth.clients.setState(ADMINISTRATOR, own.id, 'Suspended')
    expect(allowedTo(await answer(OWN))).toBeNull()
  })

  it('read that an address is not there', async () => {
    const missing = await ask(provider, '/no/such/place', { headers: { origin: OWN } })
    expect([missing.status, allowedTo(missing)]).toEqual([404, OWN])
  })

  it('may no more call when the app is suspended or takes their origin out', async () => {
    const own = await register(provider, { allowed_origins: 'https://late.example.com' })
    const tokens = await swap(provider, own, await browser.code(request(own)))
    const token = String(tokens.json['access_token'])
    provider.advance(3)
    expect((await me(provider, token, { origin: 'https://late.example.com' })).headers.get('access-control-allow-origin')).toBe(
      'https://late.example.com',
    )
    await provider.oauth.clients.update(ADMINISTRATOR, own.id, { allowed_origins: '' })
    expect((await me(provider, token, { origin: 'https://late.example.com' })).headers.get('access-control-allow-origin')).toBeNull()
    provider.advance(3)
    expect((await preflight('/api/me', 'https://late.example.com')).headers.get('access-control-allow-origin')).toBeNull()
    await provider.oauth.clients.update(ADMINISTRATOR, own.id, { allowed_origins: 'https://late.example.com' })
    await provider.oauth.clients.setState(ADMINISTRATOR, own.id, 'Suspended')
    provider.advance(3)
    expect((await preflight('/api/me', 'https://late.example.com')).headers.get('access-control-allow-origin')).toBeNull()
  })
})
