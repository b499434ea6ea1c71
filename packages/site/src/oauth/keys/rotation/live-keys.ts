import type { Connection, Database } from '@annex/database'
import { inUse, type KeyRing, type SecretKey, type SigningKey, type TrailKey } from '../key-ring.ts'
import { readRing, type Keys } from '../load-keys.ts'
import { lacking, lockKeys, readKeyRows, recordKeys } from '../signing-keys-store.ts'
import type { SigningKeyRow } from '../../storage/oauth-tables.ts'

export interface LiveKeysParts {
  readonly database: Database
  /** The ring as it was read at the start. */
  readonly ring: Keys
  readonly now: () => number
  /** What an operator should know, in a sentence. */
  readonly onNotice: (sentence: string) => void
}

/**
 * The key ring of a running process. Another process may rotate keys: the database says which key is in which state, the key
 * file has the private parts of new ones, and this follows both.
 */
export class LiveKeys implements KeyRing {
  /** The file that the ring can be written to; undefined when it stands in the setting. */
  readonly file: string | undefined
  readonly #parts: LiveKeysParts
  readonly #noticed = new Set<string>()
  #signing: readonly SigningKey[]
  #secrets: readonly [SecretKey, ...SecretKey[]]
  #trailKeys: readonly TrailKey[]

  constructor(parts: LiveKeysParts) {
    this.#parts = parts
    this.file = parts.ring.file
    this.#signing = parts.ring.signing
    this.#secrets = parts.ring.secrets
    this.#trailKeys = parts.ring.trailKeys ?? []
  }

  get signing(): readonly SigningKey[] {
    return this.#signing
  }

  get secrets(): readonly [SecretKey, ...SecretKey[]] {
    return this.#secrets
  }

  get trailKeys(): readonly TrailKey[] {
    return this.#trailKeys
  }

  /**
   * Tells the database of this process's keys; the ring is read again first, as another process may just have rotated it.
   *
   * @throws {Error} one sentence, when the site uses a key that this process was not given
   */
  async record(): Promise<void> {
    const { database } = this.#parts
    await database.transaction(
      async (connection) => {
        await lockKeys(connection)
        await this.#readAgain()
        await this.recordWithin(connection, this)
      },
      { durable: true },
    )
  }

  /** As `record`, for a ring that has just been written, in the caller's transaction. */
  async recordWithin(connection: Connection, ring: KeyRing): Promise<void> {
    await recordKeys(connection, ring, this.#parts.now())
    if (ring === this) this.#take(await readKeyRows(connection))
  }

  /**
   * Records a ring that was written and not recorded, because its process died between the two; false when there is none.
   * In a transaction that holds the lock.
   */
  async catchUp(connection: Connection): Promise<boolean> {
    await this.#readAgain()
    const known = await readKeyRows(connection)
    if ([...this.#signing, ...this.#secrets].every((key) => known.some((row) => row.kid === key.kid))) return false
    await this.recordWithin(connection, this)
    return true
  }

  /** Takes all keys from the file and their states from the database. */
  async refresh(connection: Connection): Promise<void> {
    await this.#readAgain()
    this.#take(await readKeyRows(connection))
  }

  /**
   * Takes the states of the keys from the database, and new keys from the file.
   *
   * @throws {Error} one sentence, when a key that is in use is not to be had: the process cannot go on
   */
  async follow(): Promise<void> {
    const rows = await readKeyRows(this.#parts.database.connection)
    if (rows.some((row) => row.state !== 'retired' && !this.#has(row.kid))) await this.#readAgain()
    for (const row of rows) {
      if (row.state === 'retired' || this.#has(row.kid)) continue
      if (row.state === 'current') throw lacking(row.kid)
      this.#notice(
        `ANNEX_KEYS: the key ${row.kid} is the site's next one and this process lacks it; give it the new key ring before that key is used, or it will stop then`,
      )
    }
    this.#take(rows)
  }

  /** To be told when a value was met that a key has sealed which is not in the ring. */
  noteLacking(kid: string): void {
    this.#notice(
      `ANNEX_KEYS: a value is sealed with the key ${kid.slice(0, 40)}, which this process lacks; put it back into the key ring and start the process again`,
    )
  }

  #has(kid: string): boolean {
    return this.#signing.some((key) => key.kid === kid) || this.#secrets.some((key) => key.kid === kid)
  }

  async #readAgain(): Promise<void> {
    if (this.file === undefined) return
    const { signing, secrets, trailKeys } = await readRing(this.file)
    this.#signing = signing
    this.#secrets = secrets
    this.#trailKeys = trailKeys ?? []
  }

  #take(rows: readonly SigningKeyRow[]): void {
    const known = new Map(rows.map((row) => [row.kid, row]))
    const asKnown = <Key extends SigningKey | SecretKey>(key: Key): Key => {
      const row = known.get(key.kid)
      return row ? { ...key, state: row.state, since: row.changed } : key
    }
    const [first, ...others] = this.#secrets
    this.#signing = this.#signing.map(asKnown)
    this.#secrets = inUse([asKnown(first), ...others.map(asKnown)])
  }

  /** Once each: it is noticed at every change of the site. */
  #notice(sentence: string): void {
    if (this.#noticed.has(sentence)) return
    this.#noticed.add(sentence)
    this.#parts.onNotice(sentence)
  }
}
