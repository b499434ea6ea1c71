/** Numbers that are the same each time for one seed and one name: what is done can be done again, when it happens cannot. */
export class Random {
  #state: number

  constructor(seed: string) {
    this.#state = 2_166_136_261
    for (const character of seed) this.#state = Math.imul(this.#state ^ character.charCodeAt(0), 16_777_619)
  }

  /** From 0 to 1, without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** Whether something happens that has this chance. */
  hits(chance: number): boolean {
    return this.next() < chance
  }

  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  pick<T>(list: readonly T[]): T {
    return list[this.between(0, list.length - 1)]!
  }
}

/** @param ms milliseconds */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * Asks again and again until there is an answer.
 *
 * @param what is not there when it takes longer than `patienceMs` milliseconds: the error says so
 */
export async function until<T>(what: string, patienceMs: number, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const last = performance.now() + patienceMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > last) throw new Error(`${what}: not within ${patienceMs / 1000} s`)
    await pause(50)
  }
}
