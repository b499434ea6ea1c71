import type { ConnectionPage, ConnectionStore, StoredConnection } from '../connector-store.ts'

export class MemoryConnections implements ConnectionStore {
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

  async remove(id: string, version: number): Promise<boolean> {
    return this.#rows.get(id)?.version === version && this.#rows.delete(id)
  }

  async list({ after = '', limit, untold, renewedBefore }: ConnectionPage): Promise<StoredConnection[]> {
    const rows = [...this.#rows.values()].filter(
      (row) =>
        row.id > after &&
        (untold === undefined || row.untold !== null) &&
        (renewedBefore === undefined || (row.sealed !== null && row.renewedAt < renewedBefore)),
    )
    return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit)
  }

  async move(fromIssuer: string, toIssuer: string): Promise<number> {
    const rows = [...this.#rows.values()]
    const there = new Set(rows.filter((row) => row.issuer === toIssuer).map((row) => row.subject))
    const moving = rows.filter((row) => row.issuer === fromIssuer && !there.has(row.subject))
    for (const row of moving) this.#rows.set(row.id, { ...row, issuer: toIssuer, version: row.version + 1 })
    return moving.length
  }
}
