import { randomToken } from './sealing/base64.ts'
import type { LeaseStore } from '../stores/connector-store.ts'

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
    await leases.release(name, holder)
  }
}
