import { createHash } from 'node:crypto'
import { SignJWT, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { IdTokens, type IdTokenRequest } from './id-tokens.ts'
import { makeKeyRing, parseKeyRing, type KeyRing, type SigningKey } from './key-ring.ts'
import { rotatedRing, widenedRing } from './rotation/rotated-ring.ts'

const MINUTE = 60_000_000
const issuer = 'https://site.example'
const asked: IdTokenRequest = {
  issuer,
  client: 'app',
  claims: { sub: 'alice', iss: 'https://other.example', name: 'Alice' },
  accessToken: 'at1_x',
  nonce: null,
  authTime: 90,
  now: 100,
}
const told = { issuer, client: 'app', sub: 'alice', sid: 'a-sid', jti: 'one', now: 100 }

describe('What IdTokens sign', () => {
  let ring: KeyRing
  let both: KeyRing
  let idTokens: IdTokens
  let widened: IdTokens

  beforeAll(async () => {
    ring = await parseKeyRing(makeKeyRing(), 'here')
    both = await parseKeyRing(widenedRing(ring, 'RS256'), 'here')
    idTokens = new IdTokens(ring)
    widened = new IdTokens(both)
  })

  const keyOf = (from: KeyRing, alg: string, state = 'current'): SigningKey =>
    from.signing.find((key) => key.alg === alg && key.state === state)!
  const at_hash = createHash('sha256').update('at1_x').digest().subarray(0, 16).toString('base64url')
  const claims = { aud: 'app', iss: issuer, iat: 100, exp: 3700, auth_time: 90, azp: 'app', at_hash, sub: 'alice', name: 'Alice' }

  it.each<[what: string, more: Partial<IdTokenRequest>, besides: object]>([
    ['neither nonce nor session', {}, {}],
    ['a nonce', { nonce: 'n' }, { nonce: 'n' }],
    ['an empty nonce', { nonce: '' }, { nonce: '' }],
    ['a session', { sid: 's' }, { sid: 's' }],
    ['both', { nonce: 'n', sid: 's' }, { nonce: 'n', sid: 's' }],
  ])('an id_token with %s says that and nothing else', async (_what, more, besides) => {
    const token = await idTokens.issue({ ...asked, ...more })
    expect(decodeJwt(token)).toEqual({ ...claims, ...besides })
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'JWT', kid: keyOf(ring, 'ES256').kid })
    await jwtVerify(token, keyOf(ring, 'ES256').publicJwk, { currentDate: new Date(100_000) })
  })

  it('an id_token by a secret names no key of the ring', async () => {
    const token = await widened.issue({ ...asked, secret: 'the secret of the app, long enough', alg: 'RS256' })
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'JWT' })
    const { payload } = await jwtVerify(token, Buffer.from('the secret of the app, long enough'), { currentDate: new Date(100_000) })
    expect(payload).toEqual(claims)
  })

  it.each<[alg: 'ES256' | 'RS256' | undefined, narrow: string, wide: string]>([
    [undefined, 'ES256', 'ES256'],
    ['ES256', 'ES256', 'ES256'],
    ['RS256', 'ES256', 'RS256'],
  ])('asked for %s it is %s, and %s where the ring has keys for both', async (alg, narrow, wide) => {
    const more = alg === undefined ? {} : { alg }
    for (const [signer, from, used] of [
      [idTokens, ring, narrow],
      [widened, both, wide],
    ] as const)
      for (const token of [await signer.issue({ ...asked, ...more }), await signer.issueLogout({ ...told, ...more })]) {
        expect(decodeProtectedHeader(token)).toMatchObject({ alg: used, kid: keyOf(from, used).kid })
        await jwtVerify(token, keyOf(from, used).publicJwk, { currentDate: new Date(100_000) })
      }
  })

  it.each<[whom: object, says: object]>([
    [{}, { sub: 'alice', sid: 'a-sid' }],
    [{ sub: undefined }, { sid: 'a-sid' }],
    [{ sid: undefined }, { sub: 'alice' }],
  ])('a logout token of %j says whom it concerns for two minutes, and is of its own type', async (whom, says) => {
    const token = await idTokens.issueLogout({ ...told, ...whom })
    expect(decodeJwt(token)).toEqual({
      ...says,
      aud: 'app',
      iss: issuer,
      iat: 100,
      exp: 220,
      jti: 'one',
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    })
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'logout+jwt', kid: keyOf(ring, 'ES256').kid })
    await expect(idTokens.readHint(token, issuer)).rejects.toMatchObject({ code: 'invalid_request' })
  })

  it('nothing is signed by a ring without a current key, which says so', async () => {
    const empty = new IdTokens({ ...ring, signing: ring.signing.filter(({ state }) => state === 'next') })
    await expect(empty.issue(asked)).rejects.toThrow('The key ring has no current signing key')
    await expect(empty.issueLogout(told)).rejects.toThrow('The key ring has no current signing key')
    expect(empty.algorithms()).toEqual([])
  })

  it('the algorithms are those with a current key', () => {
    expect(idTokens.algorithms()).toEqual(['ES256'])
    expect(widened.algorithms()).toEqual(['ES256', 'RS256'])
    const waiting = both.signing.filter((key) => key.alg === 'ES256' || key.state === 'next')
    expect(new IdTokens({ ...both, signing: waiting }).algorithms()).toEqual(['ES256'])
  })

  it('a retired key is published for two hours more, to the microsecond, and as long as nobody knows since when it is', async () => {
    const rotated = await parseKeyRing(rotatedRing(ring, 1).text, 'here')
    const at = (since: number | undefined, now: number): (string | undefined)[] => {
      const signing = rotated.signing.map((key) => (since === undefined ? key : { ...key, since }))
      return new IdTokens({ ...rotated, signing }).jwks(now).keys.map(({ kid }) => kid)
    }
    const [retired, ...others] = rotated.signing.map(({ kid }) => kid)
    expect(at(5, 5 + 120 * MINUTE)).toEqual([retired, ...others])
    expect(at(5, 6 + 120 * MINUTE)).toEqual(others)
    expect(at(undefined, 1000 * MINUTE)).toEqual([retired, ...others])
    expect(idTokens.jwks(1).keys).toEqual(ring.signing.map(({ publicJwk }) => publicJwk))
  })

  it('a hint says for whom, for which app and which session it was', async () => {
    expect(await idTokens.readHintClaims(await idTokens.issue({ ...asked, sid: 's' }), issuer)).toEqual({
      sub: 'alice',
      client: 'app',
      sid: 's',
    })
    const key = keyOf(ring, 'ES256')
    const signed = (payload: Record<string, unknown>, header = {}): Promise<string> =>
      new SignJWT({ iss: issuer, ...payload })
        .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: key.kid, ...header })
        .sign(key.privateKey)
    expect(await idTokens.readHintClaims(await signed({ sub: 'a', aud: ['app', 'other'], sid: 7 }), issuer)).toEqual({
      sub: 'a',
      client: undefined,
      sid: undefined,
    })
    expect(await idTokens.readHint(await signed({ sub: 'a', exp: 100 }), issuer)).toBe('a')
    const wrong = { code: 'invalid_request', message: 'id_token_hint is not an id_token of this site' }
    for (const hint of [
      await signed({}),
      await signed({ sub: 7 }),
      await signed({ sub: 'a' }, { typ: 'at+jwt' }),
      await signed({ sub: 'a' }, { kid: keyOf(ring, 'ES256', 'next').kid }),
      await signed({ sub: 'a' }, { kid: 'another' }),
      await signed({ sub: 'a', iss: 'https://other.example' }),
      '',
    ])
      await expect(idTokens.readHintClaims(hint, issuer)).rejects.toMatchObject(wrong)
  })

  it('a hint is judged by every key of the ring, whatever its state', async () => {
    const token = await idTokens.issue(asked)
    const rotated = await parseKeyRing(rotatedRing(ring, 1).text, 'here')
    expect(await new IdTokens(rotated).readHint(token, issuer)).toBe('alice')
    const other = await parseKeyRing(makeKeyRing(), 'here')
    await expect(new IdTokens(other).readHint(token, issuer)).rejects.toMatchObject({ code: 'invalid_request' })
  })
})
