import { createHash } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { ConsentDenied, InvalidSignIn } from '../core/errors.ts'
import { CodeFlow, type PublicCrypto } from './code-flow.ts'
import { PublicTokens } from './public-tokens.ts'
import { idToken, pair, ScriptedSite, type Form } from './scripted-site.fixture.ts'

let site: ScriptedSite
let now: number
let tokens: PublicTokens
let flow: CodeFlow
beforeEach(() => {
  site = new ScriptedSite()
  now = 1_000_000_000
  flow = openFlow()
})

function openFlow(crypto?: PublicCrypto, clientId = 'spa'): CodeFlow {
  const options = { issuer: site.issuer, clientId, scopes: ['openid', 'Item:read'], fetch: site.fetch, clock: () => now }
  tokens = new PublicTokens({ options, redirectUri: 'https://app.test/back' })
  return new CodeFlow({ tokens, options, redirectUri: 'https://app.test/back', crypto })
}

interface Begun {
  readonly pending: string
  readonly query: Form
}
async function begin(): Promise<Begun> {
  const { url, pending } = await flow.begin('/orders?page=2')
  return { pending, query: Object.fromEntries(new URL(url).searchParams) }
}
const answerOf = ({ query }: Begun, more: Form = {}): URLSearchParams =>
  new URLSearchParams({ code: 'the-code', state: query['state']!, iss: site.issuer, ...more })
const claimsOf = ({ query }: Begun): Record<string, unknown> => ({
  iss: site.issuer,
  aud: 'spa',
  sub: 'sam',
  nonce: query['nonce'],
  exp: now / 1000 + 60,
})
const redeem = (begun: Begun, claims: Readonly<Record<string, unknown>> = {}): void =>
  void site.answers.push(pair(1, { id_token: idToken({ ...claimsOf(begun), ...claims }) }))

test('a sign-in asks with PKCE, state and nonce, and takes the tokens with the verifier', async () => {
  const begun = await begin()
  expect(begun.query).toMatchObject({
    response_type: 'code',
    client_id: 'spa',
    redirect_uri: 'https://app.test/back',
    scope: 'openid Item:read',
    code_challenge_method: 'S256',
  })
  redeem(begun)
  expect(await flow.finish(begun.pending, answerOf(begun))).toBe('/orders?page=2')
  const [request] = site.tokenRequests
  expect(request).toMatchObject({
    grant_type: 'authorization_code',
    code: 'the-code',
    redirect_uri: 'https://app.test/back',
    client_id: 'spa',
  })
  expect(createHash('sha256').update(request!['code_verifier']!).digest('base64url')).toBe(begun.query['code_challenge'])
  expect(await tokens.token()).toBe('access-1')
})

test('two sign-ins have nothing in common', async () => {
  const [one, other] = [await begin(), await begin()]
  for (const name of ['state', 'nonce', 'code_challenge']) expect(one.query[name]).not.toBe(other.query[name])
})

test('J01 an answer with a foreign, missing or used state gets no tokens, and the site is not asked', async () => {
  const [begun, other] = [await begin(), await begin()]
  const missing = answerOf(begun)
  missing.delete('state')
  for (const [pending, answer] of [
    [begun.pending, answerOf(other)],
    [begun.pending, missing],
    [null, answerOf(begun)],
    ['{', answerOf(begun)],
  ] as const)
    await expect(flow.finish(pending, answer)).rejects.toThrow(InvalidSignIn)
  expect(site.tokenRequests).toEqual([])
})

test('J01 a sign-in of another app on the same page, or one of ten minutes ago, gets no tokens', async () => {
  const begun = await begin()
  await expect(openFlow(undefined, 'other').finish(begun.pending, answerOf(begun))).rejects.toThrow(InvalidSignIn)
  now += 600_000
  await expect(openFlow().finish(begun.pending, answerOf(begun))).rejects.toThrow(InvalidSignIn)
  expect(site.tokenRequests).toEqual([])
})

test('J02 an answer of another site, or without a name where the site announced one, gets no tokens', async () => {
  const begun = await begin()
  const unnamed = answerOf(begun)
  unnamed.delete('iss')
  for (const answer of [answerOf(begun, { iss: 'https://evil.test' }), unnamed])
    await expect(flow.finish(begun.pending, answer)).rejects.toThrow(InvalidSignIn)
  expect(site.tokenRequests).toEqual([])
})

test("J03 another person's code brings an id_token for another sign-in, which is refused", async () => {
  const [begun, victim] = [await begin(), await begin()]
  redeem(begun, { nonce: victim.query['nonce'] })
  await expect(flow.finish(begun.pending, answerOf(begun))).rejects.toThrow(InvalidSignIn)
  expect(tokens.signedIn).toBe(false)
})

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['of another site', { iss: 'https://evil.test' }],
  ['for another app', { aud: 'other' }],
  ['for several apps, of which another asked', { aud: ['spa', 'other'], azp: 'other' }],
  ['that is over', { exp: 1_000_000 - 301 }],
  ['that never ends', { exp: undefined }],
])('an id_token %s is refused', async (_what, claims) => {
  const begun = await begin()
  redeem(begun, claims)
  await expect(flow.finish(begun.pending, answerOf(begun))).rejects.toThrow(InvalidSignIn)
  expect(tokens.signedIn).toBe(false)
})

test.each([undefined, 'x', 'a.b.c', 'a..c'])('%j in the place of an id_token is refused', async (text) => {
  const begun = await begin()
  site.answers.push(pair(1, { id_token: text }))
  await expect(flow.finish(begun.pending, answerOf(begun))).rejects.toThrow(InvalidSignIn)
})

test('clocks may be five minutes apart', async () => {
  const begun = await begin()
  redeem(begun, { exp: now / 1000 - 299 })
  expect(await flow.finish(begun.pending, answerOf(begun))).toBe('/orders?page=2')
})

test('a person who says no is told so, also by a site that leaves the state out', async () => {
  const begun = await begin()
  const denied = new URLSearchParams({ error: 'access_denied', iss: site.issuer })
  await expect(flow.finish(begun.pending, denied)).rejects.toThrow(ConsentDenied)
  denied.set('state', begun.query['state']!)
  await expect(flow.finish(begun.pending, denied)).rejects.toThrow(ConsentDenied)
})

test('a site that refuses the app itself is heard', async () => {
  const begun = await begin()
  const answer = new URLSearchParams({ error: 'unauthorized_client', state: begun.query['state']!, iss: site.issuer })
  await expect(flow.finish(begun.pending, answer)).rejects.toMatchObject({ name: 'AppRefused' })
})

test('a site without S256 is not for a client without a secret', async () => {
  site.metadata = { ...site.metadata, code_challenge_methods_supported: ['plain'] }
  await expect(flow.begin('/')).rejects.toThrow(/PKCE/)
})

test('a platform without Web Crypto brings its own', async () => {
  let count = 0
  flow = openFlow({
    randomBytes: (length) => new Uint8Array(length).fill(++count),
    sha256: async (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  })
  const begun = await begin()
  expect(begun.query['state']).toBe(Buffer.alloc(32, 1).toString('base64url'))
  redeem(begun)
  expect(await flow.finish(begun.pending, answerOf(begun))).toBe('/orders?page=2')
})
