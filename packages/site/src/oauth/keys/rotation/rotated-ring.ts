import { SIGNING_ALGORITHMS, makePrivateKey, writeKeyRing, type KeyRing, type SigningAlgorithm, type SigningKey } from '../key-ring.ts'

const MINUTE = 60_000_000
const DAY = 1440 * MINUTE

/** How long a key must have been published before it signs: twice as long as verifiers may keep the published keys. */
const PUBLISHED_BEFORE_USE = 10 * MINUTE
/** How long a retired key stays published: until the last id_token of it is out, and an hour more. */
export const PUBLISHED_AFTER_USE = 120 * MINUTE
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

/** Whether the next key of each algorithm has been published for long enough. */
export function readiness(ring: KeyRing, now: number): Readiness {
  const nexts = ring.signing.filter((key) => key.state === 'next')
  const at = Math.max(0, ...nexts.map((key) => (key.since ?? now) + PUBLISHED_BEFORE_USE))
  return { ready: at <= now, at }
}

/**
 * The ring after a rotation: for each of its algorithms the current key is retired, the next one is current, and a new one is
 * next. An algorithm that has no next key gets one and goes on as it was. Keys that retired long ago are left out. */
export function rotatedRing(ring: KeyRing, now: number): RingChange {
  const kept = ring.signing.filter((key) => key.state !== 'retired' || (key.since ?? now) > now - KEPT_FOR_HINTS)
  const has = (alg: SigningAlgorithm, state: SigningKey['state']): boolean => kept.some((key) => key.alg === alg && key.state === state)
  const algorithms = SIGNING_ALGORITHMS.filter((alg) => has(alg, 'current'))
  const ready = algorithms.filter((alg) => has(alg, 'next'))
  const moved = kept.map((key) => (ready.includes(key.alg) ? { ...key, state: AFTER[key.state] } : key))
  const fresh = algorithms.map((alg) => newKey(alg, 'next'))
  return { text: writeKeyRing({ signing: [...moved, ...fresh], rotation: ring.rotation }), tookOver: ready.length > 0 }
}

/** The ring with keys of one more algorithm; what it had stays as it was. */
export function widenedRing(ring: KeyRing, alg: SigningAlgorithm): string {
  return writeKeyRing({ signing: [...ring.signing, newKey(alg, 'current'), newKey(alg, 'next')], rotation: ring.rotation })
}

const AFTER = { next: 'current', current: 'retired', retired: 'retired' } as const

const newKey = (alg: SigningAlgorithm, state: SigningKey['state']): Pick<SigningKey, 'state' | 'privateKey'> => ({
  state,
  privateKey: makePrivateKey(alg),
})
