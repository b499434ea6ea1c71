import { RecentlyUsed, type Database, type Generation } from '@annex/database'
import type { ClientSecretRow } from '../../storage/oauth-tables.ts'
import type { Client } from '../client.ts'
import { readClient } from '../clients-store.ts'
import { listSecrets } from '../secrets/client-secrets-store.ts'

export interface KeptClientsParts {
  readonly database: Database
  readonly generation: Pick<Generation, 'read' | 'isSeen' | 'observe' | 'onChange'>
  /** UTC microseconds. */
  readonly now: () => number
}

/** An app with its secrets, of which some may have ended since they were read. */
export interface KeptClient {
  /** Undefined when the id is nobody's. */
  readonly client: Client | undefined
  readonly secrets: readonly ClientSecretRow[]
}

interface Kept {
  readonly since: number
  readonly reading: Promise<KeptClient>
  /** What was read, once it was. */
  read?: KeptClient
}

/**
 * Ids asked for since one was asked for last, after which it may be let go; twice as many are kept at most. Whoever asks for ids
 * that are nobody's drives out ids that nobody uses, and not the apps that work meanwhile.
 */
const KEPT_IN_USE = 1000
/** No id is longer. */
const LONGEST_ID = 140
/** Microseconds. All that changes an app or its secrets moves the generation; what goes past our doors is seen this soon. */
const LONGEST_KEPT = 1_000_000

/**
 * Apps and the hashes of their secrets, kept until the generation moves, and for a second at most. An id that is nobody's is kept
 * as well, so that it takes as long as one that is somebody's.
 */
export class KeptClients {
  readonly #parts: KeptClientsParts
  readonly #kept = new RecentlyUsed<string, Kept>(KEPT_IN_USE)

  constructor(parts: KeptClientsParts) {
    this.#parts = parts
    parts.generation.onChange(async () => this.#kept.clear())
  }

  /**
   * As it is now. What is kept in memory of the site is as new as that afterwards.
   *
   * @param readGeneration - where something else is read for the request as well, the generation with it
   */
  async read(id: string, readGeneration?: () => Promise<number>): Promise<KeptClient> {
    const { generation, now } = this.#parts
    const value = await (readGeneration ? readGeneration() : generation.read())
    if (!generation.isSeen(value)) await generation.observe(value)
    const time = now()
    const kept = this.#kept.get(id)
    return kept && time - kept.since < LONGEST_KEPT ? (kept.read ?? kept.reading) : this.#keep(id, time)
  }

  /** Noted before it is read: what a change of the site meanwhile drops is not kept when it comes. */
  #keep(id: string, since: number): Promise<KeptClient> {
    const reading = this.#read(id, since)
    const kept: Kept = { since, reading }
    if (id.length <= LONGEST_ID) this.#kept.set(id, kept)
    reading.then(
      (read) => (kept.read = read),
      () => this.#kept.get(id) === kept && this.#kept.delete(id),
    )
    return reading
  }

  async #read(id: string, now: number): Promise<KeptClient> {
    const { connection } = this.#parts.database
    return { client: await readClient(connection, id), secrets: await listSecrets(connection, id, now) }
  }
}
