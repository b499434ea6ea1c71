import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { KeyRing, SecretKey } from '../keys/key-ring.ts'
import { hashOf, randomText, tokenText } from '../token-text.ts'

export interface TokenPair {
  readonly access: string
  readonly refresh: string
}

/** The first pair of a grant: random, so that the secret key opens nothing by itself. */
export function makePair(ring: KeyRing): TokenPair {
  const { version } = ring.secrets[0]
  return { access: tokenText('access', version, randomText()), refresh: tokenText('refresh', version, randomText()) }
}

/** An access token that no refresh token stands behind. */
export const makeAccess = (ring: KeyRing): string => tokenText('access', ring.secrets[0].version, randomText())

/** The pair that takes a refresh token's place: always the same for the same token and key. */
export function succeedingPair(key: SecretKey, refreshToken: string): TokenPair {
  const secret = keyObjectOf(key)
  const derive = (purpose: string): string => createHmac('sha256', secret).update(`${purpose}|${refreshToken}`).digest('base64url')
  return { access: tokenText('access', key.version, derive('at')), refresh: tokenText('refresh', key.version, derive('rt')) }
}

const keyObjects = new WeakMap<SecretKey, KeyObject>()

/** Given bytes, Node finds out by two exceptions that they are no key object, which takes six times as long as the HMAC. */
function keyObjectOf(key: SecretKey): KeyObject {
  const known = keyObjects.get(key) ?? createSecretKey(key.key)
  keyObjects.set(key, known)
  return known
}

/** The pair that was handed out for a refresh token, found again by the hash of its successor; the key may have changed since. */
export function repeatedPair(ring: KeyRing, refreshToken: string, successor: string): TokenPair | undefined {
  return ring.secrets.map((key) => succeedingPair(key, refreshToken)).find((pair) => hashOf(pair.refresh) === successor)
}
