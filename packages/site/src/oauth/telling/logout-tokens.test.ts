import { generateKeyPairSync } from 'node:crypto'
import { createLocalJWKSet, createRemoteJWKSet, decodeJwt, jwtVerify, type JWTPayload } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import type { Received } from '../../webhooks/receiver.fixture.ts'
import { IdTokens } from '../keys/id-tokens.ts'
import { makeKeyRing, parseKeyRing } from '../keys/key-ring.ts'
import { Browser, REVOKE, connect, person, post } from '../testing/app.fixture.ts'
import { PASSWORD } from '../testing/provider.fixture.ts'
import { TellingProvider, type ToldApp } from './telling.fixture.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

it('G08 a logout token is signed by RS256 for an app that asked for it, and names whom it can', async () => {
  const current = (type: 'ec' | 'rsa') => ({
    state: 'current',
    jwk: (type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
    ).privateKey.export({ format: 'jwk' }),
  })
  const { rotation } = JSON.parse(makeKeyRing()) as { rotation: unknown }
  const idTokens = new IdTokens(await parseKeyRing(JSON.stringify({ signing: [current('ec'), current('rsa')], rotation }), 'here'))
  const keys = createLocalJWKSet(idTokens.jwks(0))
  const asked = { issuer: 'https://site.example', client: 'c', jti: 'j', now: Math.floor(Date.now() / 1000) }
  for (const [alg, whom] of [
    ['ES256', { sub: 'alice', sid: undefined }],
    ['RS256', { sub: undefined, sid: 'session' }],
  ] as const) {
    const token = await idTokens.issueLogout({ ...asked, ...whom, alg })
    const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer: asked.issuer, audience: 'c', typ: 'logout+jwt' })
    expect([protectedHeader.alg, payload.sub, payload['sid']]).toEqual([alg, whom.sub, whom.sid])
    expect(Object.keys(payload)).not.toContain('nonce')
    await expect(idTokens.readHint(token, asked.issuer)).rejects.toMatchObject({ code: 'invalid_request' })
  }
})

describe.each(engines)('the sign-out of an app on %s', (engine) => {
  let site: TellingProvider
  let user: string
  let alice: Browser

  beforeEach(async () => {
    site = await TellingProvider.open(engine)
    user = await person(site.provider)
    alice = await new Browser(site.provider).signIn(user)
  })
  afterEach(() => site.close())

  const listening = (values = {}): Promise<ToldApp> => site.register({ backchannel_logout_uri: `${site.app.url}/logout`, ...values })
  const judge = async ({ body, headers }: Received, app: ToldApp): Promise<JWTPayload> => {
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded')
    const token = new URLSearchParams(body).get('logout_token') ?? ''
    const keys = createRemoteJWKSet(new URL(`${site.provider.base}/.well-known/jwks.json`))
    const asked = { issuer: site.provider.base, audience: app.id, typ: 'logout+jwt', maxTokenAge: 120 }
    return (await jwtVerify(token, keys, asked)).payload
  }

  it('G08 is a logout token with events, jti and the sid of the id_token, and without a nonce', async () => {
    const app = await listening()
    const { idToken } = await connect(site.provider, alice, app, { nonce: 'n-1' })
    const signedIn = decodeJwt(idToken)
    expect(signedIn['nonce']).toBe('n-1')
    await alice.get('/api/method/logout')
    const committed = performance.now()
    const [received] = await site.app.heard(1, 5000)
    expect(Number(received?.at) - committed).toBeLessThan(5000)
    expect(received?.path).toBe('/logout')
    const token = await judge(received!, app)
    expect(token).toEqual({
      iss: site.provider.base,
      aud: app.id,
      sub: signedIn.sub,
      sid: signedIn['sid'],
      events: { [EVENT]: {} },
      jti: expect.any(String) as string,
      iat: expect.any(Number) as number,
      exp: Number(token.iat) + 120,
    })
    expect(token['sid']).toEqual(expect.any(String))
  })

  it('G08 carries another jti at each attempt and to each app, and each app’s own sid', async () => {
    site.app.behaviour = (response, _received, index) => void response.writeHead(index === 0 ? 400 : 200).end()
    const apps = [await listening(), await listening()]
    for (const app of apps) await connect(site.provider, alice, app)
    await alice.get('/api/method/logout')
    await site.app.heard(2)
    const { deliveries } = site.provider.telling
    const refused = async () =>
      (await Promise.all(apps.map(({ id }) => deliveries.list(ADMINISTRATOR, id)))).flat().find(({ lastError }) => lastError)
    await expect.poll(refused).toMatchObject({ lastError: 'The receiver answered 400', state: 'waiting' })
    site.provider.advance(10)
    const received = await site.app.heard(3)
    const tokens = received.map(({ body }) => decodeJwt(new URLSearchParams(body).get('logout_token') ?? ''))
    expect(new Set(tokens.map(({ jti }) => jti)).size).toBe(3)
    expect(new Set(tokens.map((token) => token['sid'])).size).toBe(2)
    expect(new Set(tokens.map(({ sub }) => sub)).size).toBe(1)
  })

  it.each([
    ['the user takes the app’s access away', () => site.provider.grants.revoke({ user }, 'user_revoked')],
    ['a System Manager ends the grant', () => site.provider.grants.revoke({ user }, 'admin_revoked')],
    ['the user is disabled', () => site.provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { enabled: 0 } })],
    [
      'the password is changed',
      () => site.provider.documents.update(ADMINISTRATOR, { doctype: 'User', name: user, values: { new_password: `${PASSWORD}2` } }),
    ],
  ])('is told when %s', async (_what, act) => {
    const app = await listening()
    const { idToken } = await connect(site.provider, alice, app)
    await act()
    const token = await judge((await site.app.heard(1))[0]!, app)
    expect([token.sub, token['sid']]).toEqual([decodeJwt(idToken).sub, decodeJwt(idToken)['sid']])
  })

  it('is not told of what the app did itself, nor of a session that never came to it', async () => {
    const app = await listening()
    const { access } = await connect(site.provider, alice, app)
    await post(site.provider, REVOKE, { token: access, client_id: app.id, client_secret: app.secret })
    const elsewhere = await new Browser(site.provider).signIn(user)
    await elsewhere.get('/api/method/logout')
    expect(await site.provider.telling.deliveries.list(ADMINISTRATOR, app.id)).toEqual([])
  })

  it('G07 is not sent to a private address that is not allowed, and says so to who set it', async () => {
    const app = await listening({ backchannel_logout_uri: 'https://10.0.0.1/logout' })
    await connect(site.provider, alice, app)
    await alice.get('/api/method/logout')
    const { deliveries } = site.provider.telling
    await expect.poll(async () => (await deliveries.list(ADMINISTRATOR, app.id))[0]?.attempts, { timeout: 5000 }).toBe(1)
    const [delivery] = await deliveries.list(ADMINISTRATOR, app.id)
    expect(delivery).toMatchObject({ kind: 'logout', state: 'waiting' })
    expect(delivery?.lastError).toContain('ANNEX_ALLOW_PRIVATE')
  })

  it('G07 follows no redirect, and a receiver that is slow is tried again without holding anybody up', async () => {
    site.app.behaviour = (response, { path }) => {
      if (path === '/redirects') response.writeHead(302, { location: '/logout' }).end()
      else if (path === '/logout') response.writeHead(200).end()
    }
    const slow = await listening({ backchannel_logout_uri: `${site.app.url}/slow` })
    const redirecting = await listening({ backchannel_logout_uri: `${site.app.url}/redirects` })
    const quick = await listening()
    for (const app of [slow, redirecting, quick]) await connect(site.provider, alice, app)
    await alice.get('/api/method/logout')
    expect((await site.app.heard(3)).map(({ path }) => path).toSorted()).toEqual(['/logout', '/redirects', '/slow'])
    const last = async (app: ToldApp) => (await site.provider.telling.deliveries.list(ADMINISTRATOR, app.id))[0]
    await expect.poll(async () => (await last(slow))?.attempts, { timeout: 10_000 }).toBe(1)
    expect((await last(slow))?.lastError).toContain('did not answer in time')
    expect(await last(redirecting)).toMatchObject({ state: 'waiting', lastError: 'The receiver answered 302' })
    expect(await last(quick)).toMatchObject({ state: 'done' })
  })
})
