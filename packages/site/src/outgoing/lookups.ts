import { lookup } from 'node:dns/promises'

/** Every address of a name; who gives up says so by the signal. @throws when nobody knows it */
export type Lookup = (host: string, signal?: AbortSignal) => Promise<readonly string[]>

/** The system's own, which heeds its hosts file; a name server that does not answer keeps it for many seconds. */
export const systemLookup: Lookup = async (host) => (await lookup(host, { all: true })).map(({ address }) => address)

/** Milliseconds after which nobody waits for a name any more: no call takes longer. */
const PATIENCE = 5000

/**
 * Looks names up, a few at a time: the system does it in threads that passwords and files need too, and they are not many.
 * Who asks for a name that is being looked up waits for that answer; a name whose turn comes too late for anybody is passed over.
 */
export class Lookups {
  readonly #lookup: Lookup
  readonly #most: number
  readonly #patience: number
  readonly #underway = new Map<string, Promise<readonly string[]>>()
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(find: Lookup, most: number, patience = PATIENCE) {
    this.#lookup = find
    this.#most = most
    this.#patience = patience
  }

  find(host: string): Promise<readonly string[]> {
    const known = this.#underway.get(host)
    if (known) return known
    const found = this.#inTurn(host).finally(() => this.#underway.delete(host))
    this.#underway.set(host, found)
    return found
  }

  async #inTurn(host: string): Promise<readonly string[]> {
    const since = performance.now()
    if (this.#running < this.#most) this.#running += 1
    else {
      await new Promise<void>((resolve) => void this.#waiting.push(resolve))
      if (performance.now() - since > this.#patience) return this.#passOver()
    }
    try {
      return await this.#lookup(host)
    } finally {
      this.#next()
    }
  }

  #passOver(): never {
    this.#next()
    throw new Error('Too many names are being looked up')
  }

  /** A turn that has ended goes to whoever waits. */
  #next(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#running -= 1
  }
}
