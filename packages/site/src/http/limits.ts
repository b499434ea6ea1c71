import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { FrappeError } from '@annex/protocol'
import type * as flexible from 'rate-limiter-flexible'

// By their files: the library's front door loads a limiter for each kind of database.
const load = createRequire(import.meta.url)
const RateLimiterMemory = load('rate-limiter-flexible/lib/RateLimiterMemory.js') as typeof flexible.RateLimiterMemory
const RateLimiterRes = load('rate-limiter-flexible/lib/RateLimiterRes.js') as typeof flexible.RateLimiterRes

export interface LimitOptions {
  /** So many in a window… */
  readonly points: number
  /** …of so many seconds. */
  readonly seconds: number
}

/** Keys that begin in one window. Those beyond share counts, so that nobody who comes under ever new names fills the memory. */
const MOST_KEYS = 100_000
const SHARED_COUNTS = 1000

/**
 * Counts what one key (a user and an address, an address) does in a window of time, in this process. While very many keys come,
 * new ones are counted together and may be refused for one another's sake; none is counted less than it is alone.
 */
export class Limits {
  readonly #limiter: flexible.RateLimiterMemory
  readonly #points: number
  readonly #window: number
  #began = { since: 0, keys: 0 }

  constructor(options: LimitOptions) {
    this.#points = options.points
    this.#window = options.seconds * 1000
    this.#limiter = new RateLimiterMemory({ points: options.points, duration: options.seconds })
  }

  /**
   * Counts one more for the key.
   *
   * @throws {FrappeError} `TooManyRequestsError` (429) with `Retry-After` in seconds, when that is one too many
   */
  async consume(key: string): Promise<void> {
    try {
      this.#note(await this.#limiter.consume(await this.#countOf(key)))
    } catch (error) {
      throw error instanceof RateLimiterRes ? tooMany(error) : error
    }
  }

  /**
   * Passes while the key has something left; counts nothing. For what only failures count against.
   *
   * @throws {FrappeError} `TooManyRequestsError` (429) with `Retry-After` in seconds
   */
  async check(key: string): Promise<void> {
    const state = await this.#limiter.get(await this.#countOf(key))
    if (state !== null && state.consumedPoints >= this.#points) throw tooMany(state)
  }

  /** Counts a failure without refusing it. */
  async count(key: string): Promise<void> {
    this.#note(await this.#limiter.penalty(await this.#countOf(key)))
  }

  /** Takes back one count. */
  async giveBack(key: string): Promise<void> {
    await this.#limiter.reward(await this.#countOf(key))
  }

  /** Begins anew for the key; a count that it shares stays. */
  async forget(key: string): Promise<void> {
    await this.#limiter.delete(key)
  }

  /** Where the key is counted: by itself when it already is, or while there is room. */
  async #countOf(key: string): Promise<string> {
    const now = Date.now()
    if (now - this.#began.since >= this.#window) this.#began = { since: now, keys: 0 }
    if (this.#began.keys < MOST_KEYS || (await this.#limiter.get(key)) !== null) return key
    return `shared ${createHash('sha256').update(key).digest().readUInt32BE() % SHARED_COUNTS}`
  }

  #note({ isFirstInDuration }: flexible.RateLimiterRes): void {
    if (isFirstInDuration) this.#began.keys += 1
  }
}

function tooMany(state: flexible.RateLimiterRes): FrappeError {
  const seconds = Math.max(1, Math.ceil(state.msBeforeNext / 1000))
  return new FrappeError('TooManyRequestsError', `Too many attempts; wait ${seconds} seconds and try again`, {
    headers: { 'retry-after': String(seconds) },
  })
}
