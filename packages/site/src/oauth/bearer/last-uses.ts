import type { Database } from '@annex/database'
import { noteGrantUses } from '../grants/grants-store.ts'

const MINUTE = 60_000

/** Remembers when grants were used and writes it once a minute, so that a request never waits for it. */
export class LastUses {
  readonly #database: Database
  readonly #onFault: (error: unknown) => void
  #uses = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(database: Database, onFault: (error: unknown) => void) {
    this.#database = database
    this.#onFault = onFault
  }

  note(grant: string, now: number): void {
    this.#uses.set(grant, now)
    this.#timer ??= setTimeout(() => void this.flush().catch(this.#onFault), MINUTE).unref()
  }

  /** Writes what was noted. To be called before the database is closed. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const uses = this.#uses
    if (uses.size === 0) return
    this.#uses = new Map()
    await this.#database.transaction((connection) => noteGrantUses(connection, uses))
  }
}
