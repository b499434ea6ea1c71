import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { KeyRing, SecretKey } from '../keys/key-ring.ts'
import { randomText, timedToken, timeDigits, timeInKey, tokenKey } from '../token-text.ts'

export interface TokenPair {
  readonly access: string
  readonly refresh: string
}

/** The first pair of a grant, at a time in microseconds: random, so that the secret key opens nothing by itself. */
export function makePair(ring: KeyRing, now: number): TokenPair {
  const [{ version }, time] = [ring.secrets[0], timeDigits(now)]
  return { access: timedToken('access', version, time, randomText()), refresh: timedToken('refresh', version, time, randomText()) }
}

/** An access token that no refresh token stands behind. */
export const makeAccess = (ring: KeyRing, now: number): string =>
  timedToken('access', ring.secrets[0].version, timeDigits(now), randomText())

/** The pair that takes a refresh token's place at a time in microseconds: always the same for the same token, key and time. */
export const succeedingPair = (key: SecretKey, refreshToken: string, now: number): TokenPair => pairAt(key, refreshToken, timeDigits(now))

function pairAt(key: SecretKey, refreshToken: string, time: string): TokenPair {
  const secret = keyObjectOf(key)
  const derive = (purpose: string): string => createHmac('sha256', secret).update(`${purpose}|${refreshToken}`).digest('base64url')
  return {
    access: timedToken('access', key.version, time, derive('at')),
    refresh: timedToken('refresh', key.version, time, derive('rt')),
  }
}

const keyObjects = new WeakMap<SecretKey, KeyObject>()

/** Given bytes, Node finds out by two exceptions that they are no key object, which takes six times as long as the HMAC. */
function keyObjectOf(key: SecretKey): KeyObject {
  const known = keyObjects.get(key) ?? createSecretKey(key.key)
  keyObjects.set(key, known)
  return known
}

/** The pair that was handed out for a refresh token, found again by the stored key of its successor; the secret key may have changed since. */
export function repeatedPair(ring: KeyRing, refreshToken: string, successor: string): TokenPair | undefined {
  const time = timeInKey(successor)
  return ring.secrets.map((key) => pairAt(key, refreshToken, time)).find((pair) => tokenKey(pair.refresh) === successor)
}
