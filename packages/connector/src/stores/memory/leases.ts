import type { LeaseStore } from '../connector-store.ts'

export class MemoryLeases implements LeaseStore {
  readonly #clock: () => number
  readonly #leases = new Map<string, { holder: string; expiresAt: number }>()

  constructor(clock: () => number) {
    this.#clock = clock
  }

  async acquire(name: string, holder: string, leaseMs: number): Promise<boolean> {
    const now = this.#clock()
    for (const [key, lease] of this.#leases) if (lease.expiresAt <= now) this.#leases.delete(key)
    if (this.#leases.has(name)) return false
    this.#leases.set(name, { holder, expiresAt: now + leaseMs })
    return true
  }

  async release(name: string, holder: string): Promise<void> {
    if (this.#leases.get(name)?.holder === holder) this.#leases.delete(name)
  }
}
