import { createPrivateKey, generateKeyPairSync, hash, randomBytes } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { makeKeyRing, makePrivateKey, parseKeyRing, writeKeyRing } from './key-ring.ts'

interface File {
  signing: { state: unknown; jwk: unknown }[]
  rotation: { version: unknown; state?: unknown; key: unknown }[]
}
const made = (): File => JSON.parse(makeKeyRing()) as File
const parse = (file: unknown): ReturnType<typeof parseKeyRing> =>
  parseKeyRing(typeof file === 'string' ? file : JSON.stringify(file), 'here')
const ec = (namedCurve: string): object => generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'jwk' })
const publicOf = (jwk: unknown): object => ({ ...(jwk as object), d: undefined })

describe('A new key ring', () => {
  it('has one key that signs, one that will, and two secret keys likewise, each its own', async () => {
    const [one, other] = [await parse(makeKeyRing()), await parse(makeKeyRing())]
    expect(one.signing.map(({ alg, state }) => `${alg} ${state}`)).toEqual(['ES256 current', 'ES256 next'])
    expect(one.secrets.map(({ version, state, key }) => `${version} ${state} ${key.length}`)).toEqual(['1 current 32', '2 next 32'])
    expect(new Set([...one.signing, ...other.signing, ...one.secrets, ...other.secrets].map(({ kid }) => kid)).size).toBe(8)
  })

  it('is text that people can read, and comes back the same', async () => {
    const text = makeKeyRing()
    expect(text).toMatch(/^\{\n {2}"signing": \[\n[\s\S]*\n\}\n$/)
    expect(writeKeyRing(await parse(text))).toBe(text)
  })

  it('makes keys of both algorithms', () => {
    expect(makePrivateKey('ES256').asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' })
    expect(makePrivateKey('RS256').asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 })
  })
})

describe('A key ring that is read', () => {
  it('names its keys by their thumbprints and publishes nothing private', async () => {
    const file = made()
    const ring = await parse(file)
    for (const [index, key] of ring.signing.entries()) {
      const { d: _, ...jwk } = file.signing[index]!.jwk as JWK
      expect(key.kid).toBe(await calculateJwkThumbprint(jwk))
      expect(key.publicJwk).toEqual({ ...jwk, kid: key.kid, use: 'sig', alg: 'ES256' })
      expect(key.privateKey.equals(createPrivateKey({ key: file.signing[index]?.jwk as JWK, format: 'jwk' }))).toBe(true)
      expect(key.since).toBeUndefined()
    }
    expect(ring.secrets).toEqual(
      file.rotation.map(({ version, state, key }) => {
        const bytes = Buffer.from(key as string, 'base64url')
        const digest = hash('sha256', Buffer.concat([Buffer.from('kid'), bytes]), 'hex')
        return { kid: `rotation-${String(version)}-${digest.slice(0, 16)}`, version, state, key: bytes }
      }),
    )
  })

  it('may hold keys in every state; the secret key that is current is the first one, the others keep their order', async () => {
    const file = made()
    const secret = (version: string, state?: string): object => ({
      version,
      key: randomBytes(33).toString('base64url'),
      ...(state ? { state } : {}),
    })
    const signing = [
      ...file.signing,
      { state: 'retired', jwk: ec('P-256') },
      { state: 'next', jwk: makePrivateKey('RS256').export({ format: 'jwk' }) },
    ]
    const ring = await parse({ signing, rotation: [secret('a', 'retired'), secret('0', 'next'), secret('z', 'current')] })
    expect(ring.secrets.map(({ version, state }) => `${version} ${state}`)).toEqual(['z current', 'a retired', '0 next'])
    expect(writeKeyRing(await parse(writeKeyRing(ring)))).toBe(writeKeyRing(ring))
    expect(ring.signing.map(({ alg, state }) => `${alg} ${state}`)).toEqual(['ES256 current', 'ES256 next', 'ES256 retired', 'RS256 next'])
    expect(ring.signing[3]?.publicJwk).toMatchObject({ kty: 'RSA', alg: 'RS256', use: 'sig' })
    const old = await parse({ signing, rotation: [secret('a'), secret('b'), secret('c')] })
    expect(old.secrets.map(({ version, state }) => `${version} ${state}`)).toEqual(['a current', 'b retired', 'c retired'])
    const text = JSON.parse(writeKeyRing({ signing: ring.signing, secrets: ring.secrets.toReversed() })) as File
    expect(text.rotation.map(({ version }) => version)).toEqual(['z', '0', 'a'])
  })

  const state = 'has a signing key whose state is not next, current or retired'
  const key = 'has a signing key that is not a private P-256 JWK, nor one of RSA with 2048 bits or more'
  const version = 'has a rotation key whose version is not one of 0-9 and a-z'
  const lists = 'must be JSON with the lists "signing" and "rotation"'
  const one = 'must hold exactly one signing key whose state is "current" for ES256, and at most one for RS256'
  const withSigning = (...signing: unknown[]): unknown => ({ ...made(), signing: [...made().signing, ...signing] })
  const withRotation = (...rotation: unknown[]): unknown => ({ ...made(), rotation })
  const trail = 'has a trail key that is not a kid with the public half of an Ed25519 key (32 bytes, base64url)'
  const withTrail = (...keys: unknown[]): unknown => ({ ...made(), trail: keys })
  const half = randomBytes(32).toString('base64url')

  it.each<[what: string, file: unknown, sentence: string]>([
    ['is no JSON', '{', lists],
    ['is no object', '[]', lists],
    ['is nothing', 'null', lists],
    ['has no signing keys', { rotation: [] }, lists],
    ['has no secret keys', { signing: [] }, lists],
    ['has an object for a list', { signing: {}, rotation: [] }, lists],
    ['has another object for a list', { signing: [], rotation: {} }, lists],
    ['has a text among its keys', withSigning('current'), state],
    ['has nothing among its keys', withSigning(null), state],
    ['has a key without a state', withSigning({ jwk: ec('P-256') }), state],
    ['has a key in an unknown state', withSigning({ state: 'old', jwk: ec('P-256') }), state],
    ['has a state and no key', withSigning({ state: 'next' }), key],
    ['has a text for a key', withSigning({ state: 'next', jwk: 'x' }), key],
    ['has a key that cannot be read', withSigning({ state: 'next', jwk: { kty: 'EC' } }), key],
    ['has a key of another curve', withSigning({ state: 'next', jwk: ec('P-384') }), key],
    [
      'has a key of another kind',
      withSigning({ state: 'next', jwk: generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }) }),
      key,
    ],
    ['has a public key alone', withSigning({ state: 'next', jwk: publicOf(ec('P-256')) }), key],
    ['has no current key', { ...made(), signing: made().signing.slice(1) }, one],
    ['has two current keys', withSigning({ state: 'current', jwk: ec('P-256') }), one],
    ['has no secret key', withRotation(), 'must hold a rotation key'],
    ['has a text for a secret key', withRotation('x'), version],
    ['has a secret key without a version', withRotation({ key: 'x' }), version],
    ['has a number for a version', withRotation({ ...made().rotation[0], version: 1 }), version],
    ['has a long version', withRotation({ ...made().rotation[0], version: '10' }), version],
    ['has a version in capitals', withRotation({ ...made().rotation[0], version: 'A' }), version],
    ['has an empty version', withRotation({ ...made().rotation[0], version: '' }), version],
    [
      'has a short secret key',
      withRotation({ version: '1', key: randomBytes(31).toString('base64url') }),
      'has a rotation key of fewer than 32 bytes (base64url)',
    ],
    ['has a version without a key', withRotation({ version: '1' }), 'has a rotation key of fewer than 32 bytes (base64url)'],
    [
      'has a secret key in an unknown state',
      withRotation({ ...made().rotation[0], state: 'old' }),
      'has a rotation key whose state is not next, current or retired',
    ],
    [
      'has a secret key with nothing for a state',
      withRotation({ ...made().rotation[0], state: null }),
      'has a rotation key whose state is not next, current or retired',
    ],
    ['has no current secret key', withRotation(made().rotation[1]), 'must hold exactly one rotation key whose state is "current"'],
    [
      'has two current secret keys',
      withRotation(made().rotation[0], { ...made().rotation[1], state: 'current' }),
      'must hold exactly one rotation key whose state is "current"',
    ],
    [
      'has one version twice',
      withRotation(made().rotation[0], made().rotation[1], { ...made().rotation[0], state: 'retired' }),
      'gives two rotation keys the same version',
    ],
    ['has an object for its trail keys', { ...made(), trail: {} }, 'must hold a list as "trail", or none'],
    ['has a text for a trail key', withTrail('x'), trail],
    ['has a trail key without an id', withTrail({ key: half }), trail],
    ['has a trail key without its half', withTrail({ kid: 'k' }), trail],
    ['has a trail key that is a number', withTrail({ kid: 'k', key: 7 }), trail],
    ['has a trail key that is too short', withTrail({ kid: 'k', key: half }, { kid: 'l', key: half.slice(1) }), trail],
    ['has a trail key that is too long', withTrail({ kid: 'k', key: `${half}A` }), trail],
    ['has a trail key with something before it', withTrail({ kid: 'k', key: `+${half}` }), trail],
  ])('that %s is refused in a sentence, and never shown', async (_what, file, sentence) => {
    const refused = await parse(file).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(refused).toBeInstanceOf(Error)
    expect((refused as Error).message).toBe(`ANNEX_KEYS: the key ring here ${sentence}`)
  })
})
