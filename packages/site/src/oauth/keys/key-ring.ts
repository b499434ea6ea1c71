import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, randomBytes, type KeyObject } from 'node:crypto'
import type { JWK } from 'jose'
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import { isRecord } from '@annex/protocol'

export const KEY_STATES = ['next', 'current', 'retired'] as const
export type KeyState = (typeof KEY_STATES)[number]

/** ES256 is every site's; RS256 is for verifiers that know no elliptic curves. */
export const SIGNING_ALGORITHMS = ['ES256', 'RS256'] as const
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number]

export interface SigningKey {
  /** The RFC 7638 thumbprint, so that a key id can belong to one key alone. */
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly state: KeyState
  /** Microseconds: since when it is in this state, as the database knows; undefined before it was asked. */
  readonly since?: number
  readonly privateKey: KeyObject
  readonly publicJwk: JWK
}

/**
 * From it and a refresh token its successors are computed, so that a repeat gets the same answer; from it come, too, the keys
 * that values are sealed with and the trail is signed with. The key file lists them as `rotation`.
 */
export interface SecretKey {
  readonly kid: string
  /** One of `0`-`9`, `a`-`z`: stands in the prefix of the tokens made with it. */
  readonly version: string
  readonly state: KeyState
  /** Microseconds, as of a signing key. */
  readonly since?: number
  readonly key: Buffer
}

/** What stays of a secret key that was taken out of the ring: proves what it signed in the trail, and signs nothing. */
export interface TrailKey {
  readonly kid: string
  /** The public half of the Ed25519 key that was derived from it (RFC 8032), base64url. */
  readonly key: string
}

export interface KeyRing {
  readonly signing: readonly SigningKey[]
  /** The first one is the current one: it makes new tokens. The others know what was made before, or will be by another process. */
  readonly secrets: readonly [SecretKey, ...SecretKey[]]
  /** Of secret keys that have left the ring; absent = none has. */
  readonly trailKeys?: readonly TrailKey[]
}

/** A ring as it stands in the key file: new keys, made now. */
export function makeKeyRing(): string {
  const signing = (['current', 'next'] as const).map((state) => ({ state, privateKey: makePrivateKey('ES256') }))
  return writeKeyRing({ signing, secrets: [makeSecretKey('1', 'current'), makeSecretKey('2', 'next')] })
}

/** A ring as text, for the key file: the one form in which private keys leave the process. */
export function writeKeyRing(ring: {
  readonly signing: readonly Pick<SigningKey, 'state' | 'privateKey'>[]
  readonly secrets: readonly Pick<SecretKey, 'version' | 'state' | 'key'>[]
  readonly trailKeys?: readonly TrailKey[]
}): string {
  const signing = ring.signing.map(({ state, privateKey }) => ({ state, jwk: privateKey.export({ format: 'jwk' }) }))
  // A release that knows no states takes the first one as the current one.
  const rotation = ring.secrets
    .toSorted(currentFirst)
    .map(({ version, state, key }) => ({ version, state, key: key.toString('base64url') }))
  const { trailKeys = [] } = ring
  const trail = trailKeys.length > 0 ? { trail: trailKeys } : {}
  return `${JSON.stringify({ signing, rotation, ...trail }, null, 2)}\n`
}

export const makePrivateKey = (alg: SigningAlgorithm): KeyObject =>
  alg === 'ES256'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    : generateKeyPairSync('rsa', { modulusLength: RSA_BITS }).privateKey

const RSA_BITS = 2048

export const makeSecretKey = (version: string, state: KeyState): Pick<SecretKey, 'version' | 'state' | 'key'> => ({
  version,
  state,
  key: randomBytes(32),
})

/** Secret keys with the current one at their head; in the order in which they are otherwise. */
export const inUse = (keys: readonly [SecretKey, ...SecretKey[]]): readonly [SecretKey, ...SecretKey[]] =>
  keys.toSorted(currentFirst) as [SecretKey, ...SecretKey[]]

const currentFirst = (one: Pick<SecretKey, 'state'>, other: Pick<SecretKey, 'state'>): number =>
  Number(other.state === 'current') - Number(one.state === 'current')

/**
 * Reads a key ring: `{"signing": [{"state", "jwk"}], "rotation": [{"version", "state", "key"}], "trail": [{"kid", "key"}]}`.
 * Secret keys without a state are those of an earlier release: the first is the current one; `trail` may be absent.
 *
 * @param place - named in the sentence of an error; the text never is
 */
export async function parseKeyRing(text: string, place: string): Promise<KeyRing> {
  const ring = parseJson(text)
  if (!isRecord(ring) || !Array.isArray(ring['signing']) || !Array.isArray(ring['rotation']))
    throw wrong(place, 'must be JSON with the lists "signing" and "rotation"')
  const signing = await Promise.all(ring['signing'].map((entry) => parseSigningKey(entry, place)))
  const currents = (alg: SigningAlgorithm): number => signing.filter((key) => key.alg === alg && key.state === 'current').length
  if (currents('ES256') !== 1 || currents('RS256') > 1)
    throw wrong(place, 'must hold exactly one signing key whose state is "current" for ES256, and at most one for RS256')
  const [first, ...others] = ring['rotation'].map((entry, index) => parseSecretKey(entry, index, place))
  if (!first) throw wrong(place, 'must hold a rotation key')
  if (new Set([first, ...others].map((key) => key.version)).size <= others.length)
    throw wrong(place, 'gives two rotation keys the same version')
  if ([first, ...others].filter((key) => key.state === 'current').length !== 1)
    throw wrong(place, 'must hold exactly one rotation key whose state is "current"')
  return { signing, secrets: inUse([first, ...others]), trailKeys: parseTrailKeys(ring['trail'] ?? [], place) }
}

async function parseSigningKey(entry: unknown, place: string): Promise<SigningKey> {
  const state = isRecord(entry) ? KEY_STATES.find((known) => known === entry['state']) : undefined
  if (!isRecord(entry) || !state) throw wrong(place, 'has a signing key whose state is not next, current or retired')
  const privateKey = readPrivateKey(entry['jwk'])
  const alg = algorithmOf(privateKey)
  if (!privateKey || !alg)
    throw wrong(place, `has a signing key that is not a private P-256 JWK, nor one of RSA with ${RSA_BITS} bits or more`)
  const publicJwk = createPublicKey(privateKey).export({ format: 'jwk' }) as JWK
  const kid = await calculateJwkThumbprint(publicJwk)
  return { kid, alg, state, privateKey, publicJwk: { ...publicJwk, kid, use: 'sig', alg } }
}

function algorithmOf(key: KeyObject | undefined): SigningAlgorithm | undefined {
  const { namedCurve, modulusLength = 0 } = key?.asymmetricKeyDetails ?? {}
  if (namedCurve === 'prime256v1') return 'ES256'
  return key?.asymmetricKeyType === 'rsa' && modulusLength >= RSA_BITS ? 'RS256' : undefined
}

function readPrivateKey(jwk: unknown): KeyObject | undefined {
  try {
    return isRecord(jwk) ? createPrivateKey({ key: jwk, format: 'jwk' }) : undefined
  } catch {
    return undefined
  }
}

function parseSecretKey(entry: unknown, index: number, place: string): SecretKey {
  const { version, key, state: given = index === 0 ? 'current' : 'retired' } = isRecord(entry) ? entry : {}
  if (typeof version !== 'string' || !/^[0-9a-z]$/.test(version))
    throw wrong(place, 'has a rotation key whose version is not one of 0-9 and a-z')
  const state = KEY_STATES.find((known) => known === given)
  if (!state) throw wrong(place, 'has a rotation key whose state is not next, current or retired')
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64url') : Buffer.alloc(0)
  if (bytes.length < 32) throw wrong(place, 'has a rotation key of fewer than 32 bytes (base64url)')
  return {
    kid: `rotation-${version}-${hash('sha256', Buffer.concat([Buffer.from('kid'), bytes]), 'hex').slice(0, 16)}`,
    version,
    state,
    key: bytes,
  }
}

function parseTrailKeys(entries: unknown, place: string): TrailKey[] {
  if (!Array.isArray(entries)) throw wrong(place, 'must hold a list as "trail", or none')
  return entries.map((entry) => {
    const { kid, key } = isRecord(entry) ? entry : {}
    if (typeof kid !== 'string' || typeof key !== 'string' || !/^[A-Za-z0-9_-]{43}$/.test(key))
      throw wrong(place, 'has a trail key that is not a kid with the public half of an Ed25519 key (32 bytes, base64url)')
    return { kid, key }
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const wrong = (place: string, sentence: string): Error => new Error(`ANNEX_KEYS: the key ring ${place} ${sentence}`)
