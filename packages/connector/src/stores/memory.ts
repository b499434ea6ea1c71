import type {
  ConnectionStore,
  ConnectorStore,
  LeaseStore,
  LinkStore,
  SeenLink,
  SessionStore,
  StoredConnection,
  StoredSession,
} from './connector-store.ts'

/** A store that ends with the process: for tests, and for apps of one process whose people may sign in again after a restart. */
export function memoryStore(): ConnectorStore {
  return { connections: new MemoryConnections(), leases: new MemoryLeases(), sessions: new MemorySessions(), links: new MemoryLinks() }
}

class MemoryConnections implements ConnectionStore {
  readonly #rows = new Map<string, StoredConnection>()

  async read(id: string): Promise<StoredConnection | undefined> {
    return this.#rows.get(id)
  }

  async find(issuer: string, subject: string): Promise<StoredConnection | undefined> {
    return [...this.#rows.values()].find((row) => row.issuer === issuer && row.subject === subject)
  }

  async insert(connection: StoredConnection): Promise<boolean> {
    const taken = [...this.#rows.values()].some((row) => row.issuer === connection.issuer && row.subject === connection.subject)
    if (taken || this.#rows.has(connection.id)) return false
    this.#rows.set(connection.id, connection)
    return true
  }

  async compareAndSwap(next: StoredConnection): Promise<boolean> {
    if (this.#rows.get(next.id)?.version !== next.version - 1) return false
    this.#rows.set(next.id, next)
    return true
  }

  async remove(id: string): Promise<void> {
    this.#rows.delete(id)
  }

  async move(fromIssuer: string, toIssuer: string): Promise<number> {
    const rows = [...this.#rows.values()]
    const there = new Set(rows.filter((row) => row.issuer === toIssuer).map((row) => row.subject))
    const moving = rows.filter((row) => row.issuer === fromIssuer && !there.has(row.subject))
    for (const row of moving) this.#rows.set(row.id, { ...row, issuer: toIssuer, version: row.version + 1 })
    return moving.length
  }
}

class MemoryLeases implements LeaseStore {
  readonly #leases = new Map<string, { holder: string; expiresAt: number }>()

  async acquire(name: string, holder: string, now: number, leaseMs: number): Promise<boolean> {
    for (const [key, lease] of this.#leases) if (lease.expiresAt <= now) this.#leases.delete(key)
    if (this.#leases.has(name)) return false
    this.#leases.set(name, { holder, expiresAt: now + leaseMs })
    return true
  }

  async release(name: string, holder: string): Promise<void> {
    if (this.#leases.get(name)?.holder === holder) this.#leases.delete(name)
  }
}

class MemorySessions implements SessionStore {
  readonly #sessions = new Map<string, StoredSession>()

  async insert(session: StoredSession): Promise<void> {
    this.#sessions.set(session.hash, session)
  }

  async read(hash: string, now: number): Promise<StoredSession | undefined> {
    const session = this.#sessions.get(hash)
    return session !== undefined && session.expiresAt > now ? session : undefined
  }

  async remove(hash: string): Promise<void> {
    this.#sessions.delete(hash)
  }

  async removeAll(connection: string): Promise<void> {
    for (const session of this.#sessions.values()) if (session.connection === connection) this.#sessions.delete(session.hash)
  }
}

interface MemoryLink extends SeenLink {
  readonly connection: string
  readonly doctype: string
  readonly filters: string
}

class MemoryLinks implements LinkStore {
  readonly #links = new Map<string, MemoryLink>()

  async remember(connection: string, doctype: string, filters: string, links: readonly SeenLink[]): Promise<void> {
    for (const link of links)
      this.#links.set(JSON.stringify([connection, doctype, filters, link.value]), { ...link, connection, doctype, filters })
  }

  async list(connection: string, doctype: string, filters: string, limit: number): Promise<SeenLink[]> {
    const found = this.#of(connection, doctype).filter((link) => link.filters === filters)
    return found.slice(0, limit).map(shown)
  }

  async resolve(connection: string, doctype: string, values: readonly string[]): Promise<SeenLink[]> {
    const newest = new Map<string, SeenLink>()
    for (const link of this.#of(connection, doctype))
      if (values.includes(link.value) && !newest.has(link.value)) newest.set(link.value, shown(link))
    return [...newest.values()]
  }

  async removeAll(connection: string): Promise<void> {
    for (const [key, link] of this.#links) if (link.connection === connection) this.#links.delete(key)
  }

  #of(connection: string, doctype: string): MemoryLink[] {
    const own = [...this.#links.values()].filter((link) => link.connection === connection && link.doctype === doctype)
    return own.toSorted((a, b) => b.seenAt - a.seenAt || (a.value < b.value ? -1 : 1))
  }
}

const shown = ({ value, label, description, seenAt }: MemoryLink): SeenLink => ({ value, label, description, seenAt })
