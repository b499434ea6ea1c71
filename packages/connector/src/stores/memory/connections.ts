import type { ConnectionPage, ConnectionStore, IdlePage, IdlePlace, StoredConnection } from '../connector-store.ts'

export class MemoryConnections implements ConnectionStore {
  readonly #rows = new Map<string, StoredConnection>()
  /** Ids by person. */
  readonly #persons = new Map<string, string>()

  async read(id: string): Promise<StoredConnection | undefined> {
    return this.#rows.get(id)
  }

  async find(issuer: string, subject: string): Promise<StoredConnection | undefined> {
    return this.#rows.get(this.#persons.get(personOf({ issuer, subject })) ?? '')
  }

  async insert(connection: StoredConnection): Promise<boolean> {
    const person = personOf(connection)
    if (this.#persons.has(person) || this.#rows.has(connection.id)) return false
    this.#rows.set(connection.id, connection)
    this.#persons.set(person, connection.id)
    return true
  }

  async compareAndSwap(next: StoredConnection): Promise<boolean> {
    if (this.#rows.get(next.id)?.version !== next.version - 1) return false
    this.#rows.set(next.id, next)
    return true
  }

  async remove(id: string, version: number): Promise<boolean> {
    const row = this.#rows.get(id)
    if (row?.version !== version) return false
    this.#persons.delete(personOf(row))
    return this.#rows.delete(id)
  }

  async list({ after = '', limit, only }: ConnectionPage): Promise<StoredConnection[]> {
    const isWanted = { untold: isUntold, unforgotten: isUnforgotten, all: () => true }[only ?? 'all']
    const rows = [...this.#rows.values()].filter((row) => row.id > after && isWanted(row))
    return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit)
  }

  async idle({ after, limit, renewedBefore }: IdlePage): Promise<StoredConnection[]> {
    const rows = [...this.#rows.values()].filter(
      (row) => row.sealed !== null && row.renewedAt < renewedBefore && (after === undefined || byRenewal(row, after) > 0),
    )
    return rows.toSorted(byRenewal).slice(0, limit)
  }

  async move(fromIssuer: string, toIssuer: string): Promise<number> {
    const isThere = (row: StoredConnection): boolean => this.#persons.has(personOf({ ...row, issuer: toIssuer }))
    const moving = [...this.#rows.values()].filter((row) => row.issuer === fromIssuer && !isThere(row))
    for (const row of moving) {
      const moved = { ...row, issuer: toIssuer, version: row.version + 1 }
      this.#rows.set(row.id, moved)
      this.#persons.delete(personOf(row))
      this.#persons.set(personOf(moved), row.id)
    }
    return moving.length
  }
}

const personOf = ({ issuer, subject }: Pick<StoredConnection, 'issuer' | 'subject'>): string => JSON.stringify([issuer, subject])
const isUntold = (row: StoredConnection): boolean => row.untold !== null
const isUnforgotten = (row: StoredConnection): boolean => row.unforgotten
const byRenewal = (a: IdlePlace, b: IdlePlace): number => a.renewedAt - b.renewedAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
