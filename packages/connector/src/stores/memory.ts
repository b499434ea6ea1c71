import type { ConnectorStore, TenantStore } from './connector-store.ts'
import { MemoryConnections } from './memory/connections.ts'
import { MemoryDocnames } from './memory/docnames.ts'
import { MemoryInbox } from './memory/inbox.ts'
import { MemoryLeases } from './memory/leases.ts'
import { MemoryRegistrations } from './memory/registrations.ts'
import { MemorySessions } from './memory/sessions.ts'

/**
 * A store that ends with the process: for tests, and for apps of one process whose people may sign in again after a restart.
 *
 * @param options.clock milliseconds since 1970, for leases and the inbox; the machine's own when absent
 */
export function memoryStore({ clock = Date.now }: { readonly clock?: () => number } = {}): ConnectorStore {
  const tenants = new Map<string, TenantStore>()
  return {
    durable: false,
    of(tenant) {
      const known = tenants.get(tenant) ?? openTenant(clock)
      tenants.set(tenant, known)
      return known
    },
  }
}

const openTenant = (clock: () => number): TenantStore => ({
  connections: new MemoryConnections(),
  leases: new MemoryLeases(clock),
  sessions: new MemorySessions(),
  docnames: new MemoryDocnames(),
  inbox: new MemoryInbox(clock),
  registrations: new MemoryRegistrations(),
})
