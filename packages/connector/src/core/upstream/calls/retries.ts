import { FrappeError } from '@annex/protocol'
import { UpstreamUnavailable } from '../../errors.ts'
import { leave } from '../leave.ts'
import type { Transport, UpstreamAnswer } from '../transport.ts'
import type { Call, CallsParts } from './call.ts'
import { BUSY } from './failures.ts'

/** How long the first pause is when the site does not say; each further one is twice as long. */
const FIRST_WAIT_MS = 200
/** So long a site may shut out all of this process's calls by one transport; then it is asked again. */
const LONGEST_PAUSE_MS = 60_000

const LOCKED = new Set(['QueryDeadlockError', 'QueryTimeoutError'])

/**
 * Until when a site asked all of this process to leave it alone, by origin, on the clock of `performance`. Kept by transport: what
 * goes another way (by another proxy, to another server of that name, in another test) is counted by itself.
 */
const pauses = new WeakMap<Transport, Map<string, number>>()

export interface Attempts {
  readonly call: Call
  readonly retries: number
  /** When the call's time is over, on the clock of `performance`. */
  readonly until: number
}

/**
 * Returns when a call may be sent again.
 *
 * @param answer what was answered, or the failure itself when nothing was
 * @throws the failure, when it is final, when asking twice might do harm, and when there is no time left to wait
 */
export async function beforeNext(
  parts: CallsParts,
  attempts: Attempts,
  asked: number,
  failure: Error,
  answer: UpstreamAnswer | UpstreamUnavailable,
): Promise<void> {
  const stated = failure instanceof UpstreamUnavailable ? (failure.retryAfterMs ?? 0) : 0
  if (stated > 0 && isForAll(answer)) pausesBy(parts).set(parts.origin, performance.now() + Math.min(stated, LONGEST_PAUSE_MS))
  const { method, idempotent = method === 'GET' } = attempts.call
  if (!idempotent || asked >= attempts.retries || !isPassing(failure, answer)) throw failure
  const wait = Math.max(stated, FIRST_WAIT_MS * 2 ** asked * (1 + Math.random() / 2))
  if (!fits(parts, attempts, wait)) throw failure
  await pass(wait, attempts.call.options?.signal)
}

/**
 * Waits while the site wants to be left alone.
 *
 * @throws {UpstreamUnavailable} `rate_limited` when that is longer than the call may wait; nothing was sent
 */
export async function sitOut(parts: CallsParts, attempts: Attempts): Promise<void> {
  const until = pauses.get(parts.transport)?.get(parts.origin)
  if (until === undefined) return
  const wait = until - performance.now()
  if (wait <= 0) return
  if (attempts.retries === 0 || !fits(parts, attempts, wait))
    throw new UpstreamUnavailable('rate_limited', `The site at ${parts.origin} asked to be left alone: try again later`, {
      retryAfterMs: Math.ceil(wait),
    })
  await pass(wait, attempts.call.options?.signal)
}

function pausesBy({ transport }: CallsParts): Map<string, number> {
  if (!pauses.has(transport)) pauses.set(transport, new Map())
  return pauses.get(transport)!
}

const fits = ({ maxWaitMs }: CallsParts, { until }: Attempts, wait: number): boolean =>
  wait <= maxWaitMs && performance.now() + wait < until

/** A limit of the site, or of what stands before it; Frappe's limit of one method concerns no other call. */
const isForAll = (answer: UpstreamAnswer | UpstreamUnavailable): boolean =>
  'status' in answer && answer.status === 429 && (answer.json as { exc_type?: unknown } | undefined)?.exc_type !== 'RateLimitExceededError'

function isPassing(failure: Error, answer: UpstreamAnswer | UpstreamUnavailable): boolean {
  if (answer instanceof UpstreamUnavailable) return answer.code === 'unreachable'
  return BUSY.has(answer.status) || (failure instanceof FrappeError && answer.status === 500 && LOCKED.has(failure.excType))
}

function pass(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout>
  const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))
  return leave(over, signal).finally(() => clearTimeout(timer))
}
