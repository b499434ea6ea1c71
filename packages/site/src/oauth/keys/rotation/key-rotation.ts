import type { Connection, Database, Generation } from '@annex/database'
import type { Audit } from '../../../audit/audit.ts'
import type { OAuthSettings } from '../../settings.ts'
import { parseKeyRing, type KeyRing, type SecretKey, type SigningAlgorithm, type SigningKey } from '../key-ring.ts'
import { replaceRing } from '../load-keys.ts'
import { lockKeys } from '../signing-keys-store.ts'
import type { LiveKeys } from './live-keys.ts'
import { readiness, ringWithNextSecret, ringWithout, rotatedRing, widenedRing } from './rotated-ring.ts'
import { DAY } from '../../storage/durations.ts'

export interface KeyRotationParts {
  readonly database: Database
  readonly generation: Generation
  readonly audit: Audit
  readonly settings: OAuthSettings
  readonly keys: LiveKeys
  readonly now: () => number
  readonly onNotice: (sentence: string) => void
}

/** A signing key without its private part. */
export type ListedKey = Pick<SigningKey, 'kid' | 'alg' | 'state' | 'since'>

/** A secret key, without the secret. */
export type ListedSecretKey = Pick<SecretKey, 'kid' | 'state' | 'since'>

export interface Rotation {
  /** Whether the next key signs from now on; false when the ring had none, and one has been published now. */
  readonly tookOver: boolean
  readonly keys: readonly ListedKey[]
}

export interface SecretRotation {
  /** Whether the next key is in use from now on; false when the ring had none, and one has been made now. */
  readonly tookOver: boolean
  readonly keys: readonly ListedSecretKey[]
}

interface RotationWish {
  /** Also when the next key may not be known everywhere yet: for a current key that has leaked. */
  readonly early?: boolean
  readonly user?: string
}

/** Changes of the site's keys: by command and, for those that sign when the site's settings give them an age, by themselves. */
export class KeyRotation {
  readonly #parts: KeyRotationParts

  constructor(parts: KeyRotationParts) {
    this.#parts = parts
  }

  list(): readonly ListedKey[] {
    return this.#parts.keys.signing.map(({ kid, alg, state, since }) =>
      since === undefined ? { kid, alg, state } : { kid, alg, state, since },
    )
  }

  /** Those that tokens are renewed with, values are sealed with and the trail is signed with. */
  listSecret(): readonly ListedSecretKey[] {
    return this.#parts.keys.secrets.map(({ kid, state, since }) => (since === undefined ? { kid, state } : { kid, state, since }))
  }

  /**
   * The next key takes over, the current one is retired, and a new one is published as next. Durable before it returns.
   *
   * @throws {Error} one sentence, when the ring cannot be written, or the next key has not been published for long enough
   */
  async rotate({ early = false, user }: RotationWish = {}): Promise<Rotation> {
    const tookOver = await this.#change('oauth.keys.rotated', user, (ring) => {
      const { ready, at } = readiness(ring.signing, this.#parts.now())
      if (!ready && !early)
        throw new Error(
          `The next key has not been published for long enough: verifiers may not know it before ${new Date(at / 1000).toISOString()}. Wait until then, or rotate early when the current key has leaked`,
        )
      return rotatedRing(ring, this.#parts.now())
    })
    return { tookOver: tookOver === true, keys: this.list() }
  }

  /**
   * The next secret key takes over, the current one is retired, and a new one is made, to be known everywhere before it is next.
   * What was sealed, signed or renewed before stays good. Durable before it returns.
   *
   * @throws {Error} one sentence, when the ring cannot be written, or the next key has not been known for long enough
   */
  async rotateSecret({ early = false, user }: RotationWish = {}): Promise<SecretRotation> {
    const tookOver = await this.#change('oauth.keys.secret_rotated', user, (ring) => {
      const { ready, at } = readiness(ring.secrets, this.#parts.now())
      if (!ready && !early)
        throw new Error(
          `The next secret key has not been known for long enough: a process of the site may lack it before ${new Date(at / 1000).toISOString()}. Wait until then, or rotate early when the current key has leaked`,
        )
      return ringWithNextSecret(ring)
    })
    return { tookOver: tookOver === true, keys: this.listSecret() }
  }

  /**
   * Takes a retired secret key out of the ring. Whoever calls this has seen that nothing hangs on it.
   *
   * @throws {Error} one sentence, when it is not retired or the ring cannot be written
   */
  async removeSecret(kid: string, user?: string): Promise<void> {
    await this.#change('oauth.keys.removed', user, (ring) => ({ text: ringWithout(ring, kid), tookOver: false }))
  }

  /**
   * Gives the ring keys of one more algorithm.
   *
   * @throws {Error} one sentence, when the ring has it already or cannot be written
   */
  async add(alg: SigningAlgorithm, user?: string): Promise<readonly ListedKey[]> {
    await this.#change('oauth.keys.added', user, (ring) => {
      if (ring.signing.some((key) => key.alg === alg && key.state === 'current'))
        throw new Error(`The key ring has keys for ${alg} already; annex keys list shows them`)
      return { text: widenedRing(ring, alg), tookOver: false }
    })
    return this.list()
  }

  /** Rotates when the current key is older than the settings allow; of several processes one does it. A ring that cannot be written is told of. */
  async rotateWhenDue(): Promise<void> {
    const { generation, settings, keys, now, onNotice } = this.#parts
    await generation.observe(await generation.read())
    const { signingKeyDays } = await settings.read()
    const isDue = (ring: KeyRing): boolean => signingKeyDays > 0 && ageOf(ring, now()) > signingKeyDays * DAY
    if (!isDue(keys)) return
    const remedy = `The signing key is older than ${signingKeyDays} days (OAuth Settings, Signing Key Days)`
    if (keys.file === undefined) return onNotice(`${remedy}; ANNEX_KEYS holds the ring itself, so change it there`)
    try {
      // Asked again within: another process may have been first.
      await this.#change('oauth.keys.rotated', undefined, (ring) =>
        isDue(ring) && readiness(ring.signing, now()).ready ? rotatedRing(ring, now()) : undefined,
      )
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('ANNEX_KEYS: the key file')) throw error
      onNotice(`${remedy}. ${error.message}`)
    }
  }

  /** Writes the ring anew under a lock, first where the private keys are, then in the database. */
  async #change(
    event: string,
    user: string | undefined,
    make: (ring: KeyRing) => { readonly text: string; readonly tookOver: boolean } | undefined,
  ): Promise<boolean | undefined> {
    const { database, keys, generation, audit } = this.#parts
    const { file } = keys
    if (file === undefined)
      throw new Error('ANNEX_KEYS holds the key ring itself, which this site cannot write; change it there, the same for every process')
    await this.#completeInterrupted()
    const tookOver = await database.transaction(
      async (connection: Connection) => {
        await lockKeys(connection)
        await keys.refresh(connection)
        const change = make(keys)
        if (!change) return undefined
        const ring = await parseKeyRing(change.text, file)
        await replaceRing(file, change.text)
        await keys.recordWithin(connection, ring)
        await audit.write(connection, {
          event,
          user,
          detail: { keys: [...ring.signing, ...ring.secrets].map(({ kid, state }) => `${kid} ${state}`) },
        })
        await generation.bump(connection)
        return change.tookOver
      },
      { durable: true },
    )
    await keys.refresh(database.connection)
    return tookOver
  }

  /** A process may have died after it had written the file: what it began is done first. */
  async #completeInterrupted(): Promise<void> {
    const { database, keys, generation, audit } = this.#parts
    await database.transaction(
      async (connection) => {
        await lockKeys(connection)
        if (!(await keys.catchUp(connection))) return
        await audit.write(connection, { event: 'oauth.keys.completed', detail: {} })
        await generation.bump(connection)
      },
      { durable: true },
    )
  }
}

/** Microseconds since the current ES256 key took over. */
function ageOf(ring: KeyRing, now: number): number {
  const current = ring.signing.find((key) => key.alg === 'ES256' && key.state === 'current')
  return now - (current?.since ?? now)
}
