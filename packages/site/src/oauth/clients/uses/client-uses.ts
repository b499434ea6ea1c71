import type { Connection, Database } from '@annex/database'
import type { Audit } from '../../../audit/audit.ts'
import { DAY } from '../../storage/durations.ts'
import type { LegacySwitches } from '../client.ts'
import { addUses, listUses, type CountedUse } from './client-uses-store.ts'

/** An exception that was made for an app. */
export type UseKind = keyof LegacySwitches

export interface ClientUsesParts {
  readonly database: Database
  readonly audit: Audit
  readonly now: () => number
  /** Told what went wrong when the counts are written beside any request. */
  readonly onFault: (error: unknown) => void
}

/** Milliseconds. */
const WRITTEN_EVERY = 60_000
const MOST_KEPT = 10_000

interface Counted {
  readonly client: string
  readonly kind: UseKind
  readonly day: number
  count: number
  lastUsed: number
  /** Of the last one that named it. */
  ip: string | undefined
}

/**
 * Counts what apps use that they should not need, per app and day, and writes it once a minute so that no request
 * waits for it. The first of a day stands in the trail; more of them only raise the count.
 */
export class ClientUses {
  readonly #parts: ClientUsesParts
  #counted = new Map<string, Counted>()
  #timer: NodeJS.Timeout | undefined

  constructor(parts: ClientUsesParts) {
    this.#parts = parts
  }

  note(client: string, kind: UseKind, ip?: string): void {
    const lastUsed = this.#parts.now()
    const day = Math.floor(lastUsed / DAY)
    const key = `${client} ${kind} ${day}`
    const known = this.#counted.get(key)
    if (known) Object.assign(known, { count: known.count + 1, lastUsed, ip: ip ?? known.ip })
    else if (this.#counted.size < MOST_KEPT) this.#counted.set(key, { client, kind, day, count: 1, lastUsed, ip })
    this.#timer ??= setTimeout(() => void this.flush().catch(this.#parts.onFault), WRITTEN_EVERY).unref()
  }

  /** What an app used, by kind, those that are not yet written among them. */
  async list(client: string): Promise<CountedUse[]> {
    await this.flush()
    return listUses(this.#parts.database.connection, client)
  }

  /** Writes what was counted. To be called before the database is closed. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const counted = [...this.#counted.values()]
    if (counted.length === 0) return
    this.#counted = new Map()
    const write = async (connection: Connection): Promise<void> => {
      for (const use of counted) await this.#write(connection, use)
    }
    await this.#parts.audit.apart(() => this.#parts.database.transaction(write))
  }

  async #write(connection: Connection, { client, kind, day, count, lastUsed, ip }: Counted): Promise<void> {
    if (!(await addUses(connection, { client, kind, day, count, last_used: lastUsed }))) return
    await this.#parts.audit.write(connection, { event: 'oauth.legacy.used', client, ip, detail: { kind } })
  }
}
