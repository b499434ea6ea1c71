import type { Database } from '@annex/database'
import type { Audit } from './audit.ts'
import { pruneTrail } from './chain/prune.ts'
import type { Signer } from './chain/signer.ts'
import { verifyTrail, type Verdict, type VerifyOptions } from './chain/verify.ts'
import { parseDetail } from './detail.ts'
import { erasePerson } from './people/erase-person.ts'
import { listLatestRows, listTrailRows, type Place, type TrailFilter, type TrailRow } from './trail-store.ts'

/** A row of the trail as it is read. */
export interface TrailEntry {
  readonly id: string
  /** ISO 8601, UTC. */
  readonly at: string
  readonly event: string
  /** Who; null for nobody and for who was erased. */
  readonly user: string | null
  /** Who, as the chain names them. */
  readonly person: string | null
  readonly about: string | null
  readonly client: string | null
  readonly grant: string | null
  readonly ip: string | null
  /** How many times it happened: refusals of a minute, and tokens of a second, are one where they are the same. */
  readonly count: number
  readonly incident: string | null
  /** What else is known; the text itself when it was cut. */
  readonly detail: unknown
  readonly batch: number | null
}

/** A refusal that somebody quotes, with all that was counted under it. */
export interface Incident {
  readonly incident: string
  readonly event: string
  /** UTC microseconds: when it first happened, and when it was last written. */
  readonly first: number
  readonly last: number
  readonly count: number
  readonly user: string | null
  readonly client: string | null
  readonly grant: string | null
  readonly ip: string | null
  readonly facts: Readonly<Partial<Record<'reason' | 'act' | 'scope', string>>>
}

export interface TrailParts {
  readonly database: Database
  readonly audit: Audit
  readonly signer: Signer
  /** UTC microseconds. */
  readonly now: () => number
}

const PAGE = 500
const DAY = 86_400_000_000
/** How long a refusal can be asked about. */
const INCIDENT_LIFE = 30 * DAY
/** Any UUID: one that was mistyped is an incident that there is not, and no token. */
const INCIDENT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The trail, for those who read, prove, prune and erase. Who may is for the caller to judge. */
export class Trail {
  readonly #parts: TrailParts

  constructor(parts: TrailParts) {
    this.#parts = parts
  }

  /** All that matches, oldest first, a page at a time. */
  async *entries(filter: TrailFilter): AsyncGenerator<TrailEntry> {
    let after: Place | undefined
    for (;;) {
      const rows = await listTrailRows(this.#parts.database.connection, filter, after, PAGE)
      for (const row of rows) yield entryOf(row)
      if (rows.length < PAGE) return
      after = rows.at(-1)
    }
  }

  /** The latest that match, newest first. */
  async latest(filter: TrailFilter, limit: number): Promise<TrailEntry[]> {
    return (await listLatestRows(this.#parts.database.connection, filter, limit)).map(entryOf)
  }

  /** A refusal of the last 30 days by its incident; undefined when there is none. */
  async incident(incident: string): Promise<Incident | undefined> {
    const { database, now } = this.#parts
    if (!isIncident(incident)) return undefined
    const rows = await listTrailRows(database.connection, { incident, since: now() - INCIDENT_LIFE }, undefined, PAGE)
    const [first, last] = [rows[0], rows.at(-1)]
    return first && last && incidentOf(incident, rows, first, last)
  }

  verify(options?: VerifyOptions): Promise<Verdict> {
    return verifyTrail(this.#parts.database, this.#parts.signer, options)
  }

  /**
   * Removes what is older than so many days; 0 keeps all. How many rows went comes back.
   *
   * @see pruneTrail
   */
  async prune(days: number, lost: readonly string[] = []): Promise<number> {
    return days <= 0 ? 0 : pruneTrail({ ...this.#parts, lost }, this.#parts.now() - days * DAY)
  }

  /** Takes a person out of the trail. False when it does not know them. */
  erase(user: string, by: string): Promise<boolean> {
    return erasePerson({ ...this.#parts, user, by })
  }
}

/** Whether a text has the form of an incident's id. */
export const isIncident = (text: string): boolean => INCIDENT.test(text)

const entryOf = (row: TrailRow): TrailEntry => ({
  id: row.id,
  at: new Date(row.at / 1000).toISOString(),
  event: row.event,
  user: row.user,
  person: row.person,
  about: row.about_user,
  client: row.client,
  grant: row.grant_id,
  ip: row.ip,
  count: row.count,
  incident: row.incident,
  detail: parseDetail(row.detail),
  batch: row.batch,
})

function incidentOf(incident: string, rows: readonly TrailRow[], first: TrailRow, last: TrailRow): Incident {
  const { event, user, client, grant_id: grant, ip } = first
  const facts = parseDetail(first.detail) as Incident['facts'] | null
  const count = rows.reduce((sum, row) => sum + row.count, 0)
  return { incident, event, first: first.at, last: last.at, count, user, client, grant, ip, facts: facts ?? {} }
}
