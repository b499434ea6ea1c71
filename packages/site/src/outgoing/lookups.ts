import { lookup } from 'node:dns/promises'

/** Every address of a name. @throws when nobody knows it */
export type Lookup = (host: string) => Promise<readonly string[]>

/** The system's own, which heeds its hosts file; a name server that does not answer keeps it for many seconds. */
export const systemLookup: Lookup = async (host) => (await lookup(host, { all: true })).map(({ address }) => address)

/**
 * Looks names up, a few at a time: the system does it in threads that passwords and files need too, and they are not many.
 * Who asks for a name that is being looked up waits for that answer.
 */
export class Lookups {
  readonly #lookup: Lookup
  readonly #most: number
  readonly #underway = new Map<string, Promise<readonly string[]>>()
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(find: Lookup, most: number) {
    this.#lookup = find
    this.#most = most
  }

  find(host: string): Promise<readonly string[]> {
    const known = this.#underway.get(host)
    if (known) return known
    const found = this.#inTurn(host).finally(() => this.#underway.delete(host))
    this.#underway.set(host, found)
    return found
  }

  async #inTurn(host: string): Promise<readonly string[]> {
    if (this.#running >= this.#most) await new Promise<void>((resolve) => void this.#waiting.push(resolve))
    else this.#running += 1
    try {
      return await this.#lookup(host)
    } finally {
      // Its turn goes to the next one.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running -= 1
    }
  }
}
