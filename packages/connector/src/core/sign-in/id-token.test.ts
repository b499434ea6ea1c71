import { beforeEach, describe, expect, test } from 'vitest'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import { OAUTH_PATHS } from '@annex/protocol'
import { AppRefused, InvalidSignIn, UpstreamUnavailable } from '../errors.ts'
import { toBase64Url } from '../sealing/base64.ts'
import { siteOf, type Site } from '../setup/site.ts'
import type { Send } from '../upstream/transport.ts'
import { IdTokens } from './id-token.ts'

const issuer = 'https://erp.test'
const client = { id: 'app', secret: 'the-secret', redirectUri: 'https://app.test/connect/callback' }
const endpoints = { authorization_endpoint: issuer + OAUTH_PATHS.authorize, token_endpoint: issuer + OAUTH_PATHS.token }
const withKeys = siteOf({
  issuer,
  server: { issuer, ...endpoints, jwks_uri: issuer + OAUTH_PATHS.jwks },
  openid: undefined,
  isDirect: true,
})
const withoutKeys = siteOf({ issuer, server: undefined, openid: { ...endpoints, issuer }, isDirect: false })

const base64 = (value: object): string => toBase64Url(new TextEncoder().encode(JSON.stringify(value)))
const claims = (): Record<string, unknown> => ({
  iss: issuer,
  aud: client.id,
  sub: 'sam-sub',
  nonce: 'n',
  iat: Math.floor(Date.now() / 1000),
  exp: Math.floor(Date.now() / 1000) + 3600,
})

interface Key {
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

async function newKey(kid: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } }
}

let published: readonly Key[]
let status: number
let asked: number
let idTokens: IdTokens

const send: Send = async () => {
  asked++
  return { status, headers: new Headers(), json: { keys: published.map(({ jwk }) => jwk) } }
}
const sign = ({ kid, privateKey }: Key): Promise<string> => new SignJWT(claims()).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey)
const verify = (site: Site, idToken: string, as: { id: string; secret?: string; redirectUri: string } = client) =>
  idTokens.verify(site, as, { idToken, accessToken: 'a', nonce: 'n' })

beforeEach(async () => {
  published = [await newKey('one')]
  status = 200
  asked = 0
  idTokens = new IdTokens(send, Date.now)
})

describe('G01 an id_token is not taken', () => {
  test.each<[string, Site]>([
    ['a site with keys', withKeys],
    ['a site without', withoutKeys],
  ])('with the algorithm none, from %s', async (_name, site) => {
    await expect(verify(site, `${base64({ alg: 'none' })}.${base64(claims())}.`)).rejects.toBeInstanceOf(InvalidSignIn)
  })

  test('signed by HS256 with the public key of the site for a secret', async () => {
    for (const secret of [JSON.stringify(published[0]!.jwk), published[0]!.jwk.x!, client.secret]) {
      const token = await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(new TextEncoder().encode(secret))
      await expect(verify(withKeys, token)).rejects.toBeInstanceOf(InvalidSignIn)
    }
  })

  test('signed by a key of its own header', async () => {
    const stranger = await newKey('one')
    const token = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'ES256', kid: 'one', jwk: stranger.jwk, jku: 'https://evil.example.com/keys' })
      .sign(stranger.privateKey)
    await expect(verify(withKeys, token)).rejects.toBeInstanceOf(InvalidSignIn)
  })

  test('signed by a key, where the site has none', async () => {
    await expect(verify(withoutKeys, await sign(published[0]!))).rejects.toThrow('The site publishes no keys to check a sign-in with')
    expect(asked).toBe(0)
  })

  test('signed by an algorithm that nobody has looked at, though the site publishes a key for it', async () => {
    const { privateKey, publicKey } = await generateKeyPair('PS256')
    published = [{ kid: 'ps', privateKey, jwk: { ...(await exportJWK(publicKey)), kid: 'ps', alg: 'PS256', use: 'sig' } }]
    const token = await new SignJWT(claims()).setProtectedHeader({ alg: 'PS256', kid: 'ps' }).sign(privateKey)
    await expect(verify(withKeys, token)).rejects.toBeInstanceOf(InvalidSignIn)
  })

  test('signed with an empty secret, which a public client would have', async () => {
    const token = await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode('another'))
    await expect(verify(withoutKeys, token, { id: client.id, redirectUri: client.redirectUri })).rejects.toBeInstanceOf(InvalidSignIn)
  })
})

test('G04 one under a key that the site has changed to is taken at once, and the old key while it is published', async () => {
  expect((await verify(withKeys, await sign(published[0]!))).sub).toBe('sam-sub')
  const next = await newKey('two')
  published = [...published, next]
  expect((await verify(withKeys, await sign(next))).sub).toBe('sam-sub')
  expect(asked).toBe(2)
  await verify(withKeys, await sign(published[0]!))
  expect(asked).toBe(2)
})

test('O11 five minutes are forgiven to the clocks, and no more', async () => {
  const token = await sign(published[0]!)
  const at = (ms: number): IdTokens => new IdTokens(send, () => Date.now() + ms)
  idTokens = at((3600 + 290) * 1000)
  expect((await verify(withKeys, token)).sub).toBe('sam-sub')
  idTokens = at((3600 + 310) * 1000)
  await expect(verify(withKeys, token)).rejects.toBeInstanceOf(InvalidSignIn)
})

test('a site whose keys cannot be had now is not said to lie', async () => {
  status = 503
  await expect(verify(withKeys, await sign(published[0]!))).rejects.toBeInstanceOf(UpstreamUnavailable)
})

test('one that is signed with another secret names the setting', async () => {
  const token = await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode('another'))
  await expect(verify(withoutKeys, token)).rejects.toMatchObject({ hint: 'secret' })
  await expect(verify(withoutKeys, token)).rejects.toBeInstanceOf(AppRefused)
})
