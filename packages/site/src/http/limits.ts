import { createHash, randomBytes } from 'node:crypto'
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

/** Counts that begin in one window. Callers beyond share some, so that nobody who comes under ever new names fills the memory. */
const MOST_COUNTS = 100_000
const SHARED_COUNTS = 1000
/** Of one caller. What it names beyond is counted together, so that it takes nobody else's room. */
const MOST_OF_ONE = 1000

/**
 * Counts what callers do in a window of time, in this process. A caller is what one cannot easily have many of (an address block,
 * a user who is signed in); what it names besides (a user, an app) has a count of its own. A caller who names very many has one count
 * for the rest of them; while very many callers come, new ones are counted together and may be refused for one another's sake. None
 * is counted less than it is alone.
 */
export class Limits {
  readonly #limiter: flexible.RateLimiterMemory
  readonly #points: number
  readonly #window: number
  /** So that nobody can choose whom to share a count with. */
  readonly #salt = randomBytes(16)
  #began = { since: 0, counts: 0, ofCaller: new Map<string, number>() }
  /** When something was counted last. */
  #counted = Number.NEGATIVE_INFINITY

  constructor(options: LimitOptions) {
    this.#points = options.points
    this.#window = options.seconds * 1000
    this.#limiter = new RateLimiterMemory({ points: options.points, duration: options.seconds })
  }

  /**
   * Counts one more for the caller, and for what it names when it names something.
   *
   * @throws {FrappeError} `TooManyRequestsError` (429) with `Retry-After` in seconds, when that is one too many
   */
  async consume(caller: string, named?: string): Promise<void> {
    try {
      const count = await this.#countOf(caller, named)
      this.#counted = Date.now()
      this.#note(caller, await this.#limiter.consume(count))
    } catch (error) {
      throw error instanceof RateLimiterRes ? tooMany(error) : error
    }
  }

  /**
   * Passes while there is something left; counts nothing. For what only failures count against. Where nobody's is counted there is
   * nothing to wait for.
   *
   * @throws {FrappeError} `TooManyRequestsError` (429) with `Retry-After` in seconds
   */
  check(caller: string, named?: string): Promise<void> | undefined {
    // A count ends a window after it began.
    return Date.now() - this.#counted > this.#window ? undefined : this.#check(caller, named)
  }

  async #check(caller: string, named?: string): Promise<void> {
    const state = await this.#limiter.get(await this.#countOf(caller, named))
    if (state !== null && state.consumedPoints >= this.#points) throw tooMany(state)
  }

  /** Counts a failure without refusing it. */
  async count(caller: string, named?: string): Promise<void> {
    const count = await this.#countOf(caller, named)
    this.#counted = Date.now()
    this.#note(caller, await this.#limiter.penalty(count))
  }

  /** Takes back one count. */
  async giveBack(caller: string, named?: string): Promise<void> {
    await this.#limiter.reward(await this.#countOf(caller, named))
  }

  /** Begins anew after what was consumed last has turned out well; of a count that is shared that one alone is taken back. */
  async forget(caller: string, named?: string): Promise<void> {
    const own = ownCount(caller, named)
    if (!(await this.#limiter.delete(own))) return this.giveBack(caller, named)
    this.#began.counts = Math.max(0, this.#began.counts - 1)
    this.#began.ofCaller.set(caller, Math.max(0, this.#ofCaller(caller) - 1))
  }

  /** Where it is counted: by itself when it already is, or while there is room. */
  async #countOf(caller: string, named: string | undefined): Promise<string> {
    const now = Date.now()
    if (now - this.#began.since >= this.#window) this.#began = { since: now, counts: 0, ofCaller: new Map() }
    const [own, rest] = [ownCount(caller, named), `rest\n${caller}`]
    const [isFull, isMany] = [this.#began.counts >= MOST_COUNTS, this.#ofCaller(caller) >= MOST_OF_ONE]
    if ((!isFull && !isMany) || (await this.#isCounted(own))) return own
    if (isMany && (!isFull || (await this.#isCounted(rest)))) return rest
    const shared = createHash('sha256').update(this.#salt).update(caller).digest().readUInt32BE() % SHARED_COUNTS
    return `shared\n${shared}`
  }

  async #isCounted(count: string): Promise<boolean> {
    return (await this.#limiter.get(count)) !== null
  }

  #ofCaller(caller: string): number {
    return this.#began.ofCaller.get(caller) ?? 0
  }

  #note(caller: string, { isFirstInDuration }: flexible.RateLimiterRes): void {
    if (!isFirstInDuration) return
    this.#began.counts += 1
    this.#began.ofCaller.set(caller, this.#ofCaller(caller) + 1)
  }
}

const ownCount = (caller: string, named = ''): string => `own\n${caller}\n${named}`

function tooMany(state: flexible.RateLimiterRes): FrappeError {
  const seconds = Math.max(1, Math.ceil(state.msBeforeNext / 1000))
  return new FrappeError('TooManyRequestsError', `Too many attempts; wait ${seconds} seconds and try again`, {
    headers: { 'retry-after': String(seconds) },
  })
}
