import { trailKeyOf } from '../audit-signer.ts'
import { DAY, HOUR, MINUTE } from '../../storage/durations.ts'
import {
  SIGNING_ALGORITHMS,
  makePrivateKey,
  makeSecretKey,
  writeKeyRing,
  type KeyRing,
  type SecretKey,
  type SigningAlgorithm,
  type SigningKey,
} from '../key-ring.ts'

/** How long a key must have been known before it is used: twice as long as verifiers may keep the published keys. */
const KNOWN_BEFORE_USE = 10 * MINUTE
/** How long a retired key stays published: until the last id_token of it is out, and an hour more. */
export const PUBLISHED_AFTER_USE = 2 * HOUR
/** How long a retired key stays in the ring, for id_tokens that come back as hints. */
const KEPT_FOR_HINTS = 30 * DAY

export interface RingChange {
  /** The new ring, as it stands in a key file. */
  readonly text: string
  /** Whether a next key took over; false when one had to be published first. */
  readonly tookOver: boolean
}

/** A current or next key, and whether its successor may sign yet. */
export interface Readiness {
  readonly ready: boolean
  /** Microseconds: when it will be. */
  readonly at: number
}

/** Whether each of the keys that are next has been known for long enough. */
export function readiness(keys: readonly Pick<SigningKey | SecretKey, 'state' | 'since'>[], now: number): Readiness {
  const nexts = keys.filter((key) => key.state === 'next')
  const at = Math.max(0, ...nexts.map((key) => (key.since ?? now) + KNOWN_BEFORE_USE))
  return { ready: at <= now, at }
}

/**
 * The ring after a rotation: for each of its algorithms the current key is retired, the next one is current, and a new one is
 * next. An algorithm that has no next key gets one and goes on as it was. Keys that retired long ago are left out.
 */
export function rotatedRing(ring: KeyRing, now: number): RingChange {
  const kept = ring.signing.filter((key) => key.state !== 'retired' || (key.since ?? now) > now - KEPT_FOR_HINTS)
  const has = (alg: SigningAlgorithm, state: SigningKey['state']): boolean => kept.some((key) => key.alg === alg && key.state === state)
  const algorithms = SIGNING_ALGORITHMS.filter((alg) => has(alg, 'current'))
  const ready = algorithms.filter((alg) => has(alg, 'next'))
  const moved = kept.map((key) => (ready.includes(key.alg) ? { ...key, state: AFTER[key.state] } : key))
  const fresh = algorithms.map((alg) => newKey(alg, 'next'))
  return { text: writeKeyRing({ ...partsOf(ring), signing: [...moved, ...fresh] }), tookOver: ready.length > 0 }
}

/** The ring with keys of one more algorithm; what it had stays as it was. */
export function widenedRing(ring: KeyRing, alg: SigningAlgorithm): string {
  return writeKeyRing({ ...partsOf(ring), signing: [...ring.signing, newKey(alg, 'current'), newKey(alg, 'next')] })
}

/**
 * The ring after a rotation of its secret key: as for those that sign. Retired ones stay: values may hang on them for ever.
 *
 * @throws {Error} one sentence, when there are as many keys as there are versions
 */
export function ringWithNextSecret(ring: KeyRing): RingChange {
  const { secrets } = ring
  const tookOver = secrets.some((key) => key.state === 'next')
  const moved = tookOver ? secrets.map((key) => ({ ...key, state: AFTER[key.state] })) : secrets
  return { text: writeKeyRing({ ...partsOf(ring), secrets: [...moved, makeSecretKey(freeVersion(secrets), 'next')] }), tookOver }
}

/**
 * The ring without a retired secret key. The half of it that proves what it signed in the trail stays.
 *
 * @throws {Error} one sentence, when there is none of that id, or it is in use
 */
export function ringWithout(ring: KeyRing, kid: string): string {
  const { secrets, trailKeys = [] } = ring
  const key = secrets.find((one) => one.kid === kid)
  if (!key) throw new Error(`The key ring has no secret key ${kid.slice(0, 40)}; annex keys list shows those that it has`)
  if (key.state !== 'retired') throw new Error(`The key ${kid} is ${key.state}; rotate first, and seal everything anew`)
  return writeKeyRing({ ...partsOf(ring), secrets: secrets.filter((one) => one !== key), trailKeys: [...trailKeys, trailKeyOf(key)] })
}

/** A ring may be an object whose parts are read when they are asked for, which a copy would lose. */
const partsOf = ({ signing, secrets, trailKeys = [] }: KeyRing): Required<KeyRing> => ({ signing, secrets, trailKeys })

const VERSIONS = '123456789abcdefghijklmnopqrstuvwxyz0'.split('')

function freeVersion(keys: readonly SecretKey[]): string {
  const free = VERSIONS.find((version) => !keys.some((key) => key.version === version))
  if (free === undefined)
    throw new Error('The key ring is full; annex keys reseal says which retired keys nothing hangs on, and those can be taken out of it')
  return free
}

const AFTER = { next: 'current', current: 'retired', retired: 'retired' } as const

const newKey = (alg: SigningAlgorithm, state: SigningKey['state']): Pick<SigningKey, 'state' | 'privateKey'> => ({
  state,
  privateKey: makePrivateKey(alg),
})
