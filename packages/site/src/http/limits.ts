import { FrappeError } from '@annex/protocol'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

export interface LimitOptions {
  /** So many in a window… */
  readonly points: number
  /** …of so many seconds. */
  readonly seconds: number
}

/** Counts what one key (a user and an address, an address) does in a window of time, in this process. */
export class Limits {
  readonly #limiter: RateLimiterMemory
  readonly #points: number

  constructor(options: LimitOptions) {
    this.#points = options.points
    this.#limiter = new RateLimiterMemory({ points: options.points, duration: options.seconds })
  }

  /**
   * Counts one more for the key.
   *
   * @throws {FrappeError} `TooManyRequestsError` (429) with `Retry-After` in seconds, when that is one too many
   */
  async consume(key: string): Promise<void> {
    try {
      await this.#limiter.consume(key)
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
    const state = await this.#limiter.get(key)
    if (state !== null && state.consumedPoints >= this.#points) throw tooMany(state)
  }

  /** Counts a failure without refusing it. */
  async count(key: string): Promise<void> {
    await this.#limiter.penalty(key)
  }

  /** Takes back one count. */
  async giveBack(key: string): Promise<void> {
    await this.#limiter.reward(key)
  }

  /** Begins anew for the key. */
  async forget(key: string): Promise<void> {
    await this.#limiter.delete(key)
  }
}

function tooMany(state: RateLimiterRes): FrappeError {
  const seconds = Math.max(1, Math.ceil(state.msBeforeNext / 1000))
  return new FrappeError('TooManyRequestsError', `Too many attempts; wait ${seconds} seconds and try again`, {
    headers: { 'retry-after': String(seconds) },
  })
}
