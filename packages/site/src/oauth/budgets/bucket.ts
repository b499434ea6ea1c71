import { SECOND } from '../storage/durations.ts'

/** What one may use. Zero is no limit. */
export interface Allowance {
  readonly requestsPerSecond: number
  readonly concurrentRequests: number
}

/**
 * One budget: a second's worth of requests may come at once, after that as many a second as it allows, and so many at a time.
 * Times are microseconds.
 */
export class Bucket {
  #left: number | undefined
  #filledAt = 0
  #running = 0

  /** Seconds to wait (a part of one) before another request fits; 0 when it does now. */
  wait({ requestsPerSecond: rate, concurrentRequests: most }: Allowance, now: number): number {
    if (most > 0 && this.#running >= most) return 1
    if (rate <= 0) return 0
    this.#fill(rate, now)
    const left = this.#left ?? rate
    return left >= 1 ? 0 : (1 - left) / rate
  }

  /** Takes one; only when `wait` said 0. */
  take(): void {
    if (this.#left !== undefined) this.#left -= 1
    this.#running += 1
  }

  /** What was taken is done. */
  release(): void {
    this.#running -= 1
  }

  /** Whether nothing would be lost if it were made anew. */
  isIdle(now: number): boolean {
    return this.#running === 0 && now - this.#filledAt > SECOND
  }

  #fill(rate: number, now: number): void {
    const gained = (Math.max(0, now - this.#filledAt) / SECOND) * rate
    this.#left = Math.min(rate, (this.#left ?? rate) + gained)
    this.#filledAt = now
  }
}
