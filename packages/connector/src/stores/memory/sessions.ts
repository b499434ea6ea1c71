import type { SessionStore, StoredSession } from '../connector-store.ts'

export class MemorySessions implements SessionStore {
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

  async removeAll(connection: string, sid?: string): Promise<number> {
    return this.#removeWhere((session) => session.connection === connection && (sid === undefined || session.sid === sid))
  }

  async connectionsOf(sid: string): Promise<readonly string[]> {
    return [...new Set([...this.#sessions.values()].filter((session) => session.sid === sid).map(({ connection }) => connection))]
  }

  async sweep(now: number): Promise<number> {
    return this.#removeWhere((session) => session.expiresAt <= now)
  }

  #removeWhere(isOver: (session: StoredSession) => boolean): number {
    const over = [...this.#sessions.values()].filter(isOver)
    for (const { hash } of over) this.#sessions.delete(hash)
    return over.length
  }
}
