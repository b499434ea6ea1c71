import { createHash, generateKeyPairSync } from 'node:crypto'
import { SignJWT, createLocalJWKSet, createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines } from '../../../../../tests/support/databases.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { Browser, ask, connect, person, register, request, swap, tokensOf } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'
import { IdTokens } from './id-tokens.ts'
import { makeKeyRing, parseKeyRing } from './key-ring.ts'

describe.each(engines)('an id_token on %s', (engine) => {
  let provider: Provider
  let user: string
  let alice: Browser

  beforeAll(async () => {
    provider = await openProvider(engine)
    user = await person(provider)
    alice = await new Browser(provider).signIn(user)
  })
  afterAll(() => provider.close())

  it('G02 says for whom, by whom, when and for which request, for two clients at once', async () => {
    const jwks = createRemoteJWKSet(new URL(`${provider.base}/.well-known/jwks.json`))
    for (const nonce of ['first', 'second']) {
      const app = await register(provider)
      const { access, idToken } = tokensOf(await swap(provider, app, await alice.code(request(app, { nonce }))))
      const { payload, protectedHeader } = await jwtVerify(idToken, jwks, {
        issuer: provider.base,
        audience: app.id,
        algorithms: ['ES256'],
      })
      const hash = createHash('sha256').update(access).digest().subarray(0, 16).toString('base64url')
      expect(protectedHeader).toMatchObject({ alg: 'ES256', kid: provider.keys.signing[0]?.kid })
      expect(payload).toMatchObject({ nonce, at_hash: hash, azp: app.id, email: user, exp: Number(payload.iat) + 3600 })
      expect(Math.abs(Number(payload['auth_time']) - Date.now() / 1000)).toBeLessThan(60)
    }
  })

  it('G01 is signed with HS256 for an app of old alone, with the secret that it shows, and no published key judges it', async () => {
    const app = await register(provider, { hs256_id_token: 1 })
    const { idToken } = await connect(provider, alice, app)
    const { protectedHeader } = await jwtVerify(idToken, Buffer.from(app.secret), { issuer: provider.base, audience: app.id })
    expect(protectedHeader).toEqual({ alg: 'HS256', typ: 'JWT' })
    const { keys } = (await ask(provider, '/.well-known/jwks.json')).json as { keys: { kty: string }[] }
    expect(keys.map(({ kty }) => kty)).toEqual(['EC', 'EC'])
    const other = await register(provider, { hs256_id_token: 1 })
    await expect(jwtVerify(idToken, Buffer.from(other.secret))).rejects.toThrow('signature verification failed')
    const jwks = createRemoteJWKSet(new URL(`${provider.base}/.well-known/jwks.json`))
    await expect(jwtVerify(idToken, jwks)).rejects.toThrow()
    await expect(register(provider, { hs256_id_token: 1, kind: 'public' })).rejects.toThrow('HS256 ID Token')
  })

  it('comes with openid alone, and not with a refresh', async () => {
    const app = await register(provider)
    expect((await connect(provider, alice, app, { scope: 'all' })).idToken).toBe('undefined')
  })

  it('G05 names a user by the same random sub for every client, and never by a name', async () => {
    const [first, second] = [
      await connect(provider, alice, await register(provider)),
      await connect(provider, alice, await register(provider)),
    ]
    const subOf = (token: string): string =>
      String((JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub: unknown }).sub)
    expect(subOf(first.idToken)).toBe(subOf(second.idToken))
    expect(subOf(first.idToken)).not.toContain('@')
  })

  it('G05 gives a user who is made anew under an old name another sub', async () => {
    const subNow = async (name: string): Promise<unknown> => {
      const { idToken } = await connect(provider, await new Browser(provider).signIn(name), await register(provider))
      return decodeJwt(idToken).sub
    }
    const name = 'again@example.com'
    await person(provider, { email: name })
    const before = await subNow(name)
    await provider.documents.remove(ADMINISTRATOR, { doctype: 'User', name })
    await person(provider, { email: name })
    expect(await subNow(name)).not.toBe(before)
  })

  it('G03 G04 the published keys are public, and the next one is among them', async () => {
    const reply = await ask(provider, '/.well-known/jwks.json')
    const keys = reply.json['keys'] as Record<string, unknown>[]
    expect(keys).toHaveLength(2)
    for (const key of keys) expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
    expect(reply.headers.get('cache-control')).toBe('public, max-age=300')
  })

  it.each([
    '/.well-known/oauth-authorization-server',
    '/.well-known/openid-configuration',
    '/api/method/frappe.integrations.oauth2.openid_configuration',
  ])('%s names every endpoint', async (path) => {
    const { json } = await ask(provider, path)
    expect(json).toMatchObject({
      issuer: provider.base,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    })
    for (const name of [
      'authorization_endpoint',
      'token_endpoint',
      'jwks_uri',
      'userinfo_endpoint',
      'revocation_endpoint',
      'introspection_endpoint',
    ])
      expect(String(json[name])).toMatch(new RegExp(`^${provider.base}/`))
  })

  it('the resource says who gives tokens for it', async () => {
    expect((await ask(provider, '/.well-known/oauth-protected-resource')).json).toMatchObject({
      resource: provider.base,
      authorization_servers: [provider.base],
    })
  })
})

describe('a hint', () => {
  const issuer = 'https://site.example'

  it('G01 is refused unless a key of ours signed it for this issuer by ES256', async () => {
    const ring = await parseKeyRing(makeKeyRing(), 'here')
    const idTokens = new IdTokens(ring)
    const [key] = ring.signing
    const claims = { sub: 'alice', iss: issuer }
    const asked = { issuer, client: 'c', claims, accessToken: 'a', nonce: null, authTime: 1, now: 1 }
    expect(await idTokens.readHint(await idTokens.issue(asked), issuer)).toBe('alice')
    const hs256 = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: key!.kid })
      .sign(Buffer.from(JSON.stringify(key!.publicJwk)))
    const foreign = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: key!.kid })
      .sign(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
    const none = `${Buffer.from(JSON.stringify({ alg: 'none', kid: key!.kid })).toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`
    const elsewhere = await idTokens.issue({ ...asked, issuer: 'https://other.example' })
    for (const hint of [hs256, foreign, none, elsewhere, 'rubbish'])
      await expect(idTokens.readHint(hint, issuer)).rejects.toMatchObject({ code: 'invalid_request' })
  })

  it('G04 is signed by the current key and judged by a retired one too', async () => {
    const file = JSON.parse(makeKeyRing()) as { signing: { state: string; jwk: object }[]; rotation: object[] }
    const before = new IdTokens(await parseKeyRing(JSON.stringify(file), 'here'))
    const token = await before.issue({
      issuer,
      client: 'c',
      claims: { sub: 's', iss: issuer },
      accessToken: 'a',
      nonce: null,
      authTime: 1,
      now: Date.now() / 1000,
    })
    const states = ['retired', 'current']
    const rotated = new IdTokens(
      await parseKeyRing(
        JSON.stringify({ ...file, signing: file.signing.map(({ jwk }, index) => ({ jwk, state: states[index] })) }),
        'here',
      ),
    )
    await jwtVerify(token, createLocalJWKSet(rotated.jwks(Date.now() * 1000)), { issuer })
    expect(await rotated.readHint(token, issuer)).toBe('s')
  })
})
