import { setImmediate as turn } from 'node:timers/promises'
import type { Database } from '@annex/database'
import { noteGrantUses } from '../grants/grants-store.ts'

const MINUTE = 60_000
/** So many grants are written at once; what others write comes in between. */
const PART = 64

/** Remembers when grants were used and writes it once a minute, so that a request never waits for it. */
export class LastUses {
  readonly #database: Database
  readonly #onFault: (error: unknown) => void
  readonly #uses = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<unknown> = Promise.resolve()

  constructor(database: Database, onFault: (error: unknown) => void) {
    this.#database = database
    this.#onFault = onFault
  }

  note(grant: string, now: number): void {
    this.#uses.set(grant, now)
    this.#timer ??= setTimeout(() => void this.flush().catch(this.#onFault), MINUTE).unref()
  }

  /** Writes what was noted, behind a write that is under way. To be called before the database is closed. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const written = this.#writing.then(() => this.#write())
    this.#writing = Promise.allSettled([written])
    return written
  }

  /** By id, so that two processes never wait for each other's rows; what could not be written is remembered. */
  async #write(): Promise<void> {
    const uses = [...this.#uses].toSorted(([one], [other]) => (one < other ? -1 : 1))
    for (let first = 0; first < uses.length; first += PART) {
      const part = uses.slice(first, first + PART)
      await this.#database.transaction((connection) => noteGrantUses(connection, part))
      for (const [grant, time] of part) if (this.#uses.get(grant) === time) this.#uses.delete(grant)
      await turn()
    }
  }
}
