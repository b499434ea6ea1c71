import type { InboxEntry, InboxStore } from '../../../stores/connector-store.ts'
import type { Listeners, Log } from '../../connector/events.ts'
import { leave } from '../../upstream/leave.ts'
import { INBOX_MS } from './inbox-time.ts'

/** What takes longer has failed, so that it holds nothing else up. Handlers end sooner of their own. */
const LIMIT_MS = 90_000
/** Longer than that: nobody else takes what is being worked on. */
const LEASE_MS = 100_000
/** Worked on at the same time. */
const AT_ONCE = 8
/** After so long a round ends, though more may wait: other work is due as well. */
const ROUND_MS = 1000
/** Waits for the next attempt: 1 s, 2 s, 4 s, then 4 s, and ever longer as the entry grows old. */
const [FIRST_MS, STEADY_MS, SHARE_OF_AGE] = [1000, 4000, 1 / 20]
const LONGEST_ERROR = 500

export interface InboxWorkerParts {
  readonly inbox: InboxStore
  readonly listeners: Listeners
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly clock: () => number
  readonly wake: () => void
}

/** unfinished: the rest follows in the next attempt, and nothing has failed. */
export type Outcome = 'done' | 'unfinished'

/** Works on one entry until the signal. A throw is tried again. */
export type Handler = (entry: InboxEntry, signal: AbortSignal) => Promise<Outcome | void>

/** Works on what was received: each entry by one taker at a time, again when it fails, for four days. */
export class InboxWorker {
  readonly #parts: InboxWorkerParts
  readonly #handlers: Partial<Record<InboxEntry['kind'], Handler>>
  readonly #kinds: readonly InboxEntry['kind'][]

  constructor(parts: InboxWorkerParts, handlers: Partial<Record<InboxEntry['kind'], Handler>>) {
    this.#parts = parts
    this.#handlers = handlers
    this.#kinds = Object.keys(handlers) as InboxEntry['kind'][]
  }

  /** What is due now, for a second at most. Gives how many entries were worked on. */
  async work(signal: AbortSignal): Promise<{ readonly inbox: number }> {
    const until = performance.now() + ROUND_MS
    let inbox = 0
    while (!signal.aborted) {
      const entries = await this.#parts.inbox.take(this.#kinds, AT_ONCE, LEASE_MS)
      await Promise.all(entries.map((entry) => this.#one(entry, signal)))
      inbox += entries.length
      if (entries.length < AT_ONCE) break
      if (performance.now() < until) continue
      this.#parts.wake()
      break
    }
    return { inbox }
  }

  async #one(entry: InboxEntry, signal: AbortSignal): Promise<void> {
    const { inbox } = this.#parts
    let outcome: Outcome | void
    try {
      outcome = await within(LIMIT_MS, (late) => this.#handlers[entry.kind]!(entry, AbortSignal.any([signal, late])))
    } catch (error) {
      return this.#failed(entry, (error instanceof Error ? error.message : String(error)).slice(0, LONGEST_ERROR))
    }
    await (outcome === 'unfinished' ? inbox.retry(entry.id, FIRST_MS, 'Not everybody is told yet') : inbox.done(entry.id))
  }

  async #failed({ id, receivedAt, attempts }: InboxEntry, error: string): Promise<void> {
    const { inbox, listeners, log, clock } = this.#parts
    const age = clock() - receivedAt
    if (age < INBOX_MS) {
      log('webhook-failed', { id, attempts, error })
      return inbox.retry(id, waitAfter(attempts, age), error)
    }
    await inbox.giveUp(id, error)
    log('webhook-given-up', { id, error })
    await listeners.emit('webhook-given-up', { id, error })
  }
}

/** @param attempts from 1 */
export const waitAfter = (attempts: number, ageMs: number): number =>
  Math.min(FIRST_MS * 2 ** (attempts - 1), Math.max(STEADY_MS, Math.round(ageMs * SHARE_OF_AGE)))

/** Leaves the work off after so long, and tells it so. */
export async function within<T>(limitMs: number, work: (late: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new Error(`It took longer than ${limitMs / 1000} s`)), limitMs)
  try {
    return await leave(work(late.signal), late.signal)
  } finally {
    clearTimeout(timer)
  }
}
