import type { LeaseStore } from '../../stores/connector-store.ts'
import { UpstreamUnavailable } from '../errors.ts'
import { randomToken } from '../sealing/base64.ts'

/** Who wants a name for themselves, and for how long at most. */
interface Lease {
  readonly name: string
  /** Nobody else's text; a random one when absent. */
  readonly holder?: string
  /** In milliseconds: longer than the work takes, so that only a holder that has died loses it. */
  readonly leaseMs: number
}

/**
 * Does what one holder at a time may do, across processes, and gives the name back, however it ends.
 *
 * @returns undefined when another holds it, and nothing was done
 */
export async function withLease<T>(
  leases: LeaseStore,
  { name, leaseMs, holder = randomToken() }: Lease,
  work: () => Promise<T>,
): Promise<{ readonly done: T } | undefined> {
  if (!(await leases.acquire(name, holder, leaseMs))) return undefined
  try {
    return { done: await work() }
  } finally {
    // Whether it can be given back or runs out: what was done is done, and what went wrong is what is told.
    await leases.release(name, holder).catch(() => undefined)
  }
}

/** A lease that is worth waiting for. */
interface Turn extends Lease {
  /** Between two looks, in milliseconds, more or less. */
  readonly waitMs: number
  /** How often it is waited at most. */
  readonly waits: number
  /** What is said when the holder before does not come to an end. */
  readonly busy: string
}

/**
 * Does what one holder at a time may do as soon as it may, unless another holder has done it meanwhile.
 *
 * @param work is told until when its lease lives, by `performance.now()`; undefined when another was quicker after all
 * @param seen what another has done; undefined while there is nothing
 * @throws {UpstreamUnavailable} `busy` when the turn does not come
 */
export async function inTurn<T>(
  leases: LeaseStore,
  { waitMs, waits, busy, ...lease }: Turn,
  work: (until: number) => Promise<T | undefined>,
  seen: () => Promise<T | undefined>,
): Promise<T> {
  for (let waited = 0; ; waited++) {
    const until = performance.now() + lease.leaseMs
    const own = await withLease(leases, lease, () => work(until))
    const done = own?.done ?? (await seen())
    if (done !== undefined) return done
    if (waited === waits) throw new UpstreamUnavailable('busy', busy)
    await new Promise((resolve) => setTimeout(resolve, waitMs * (0.5 + Math.random())))
  }
}
