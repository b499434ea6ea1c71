import { randomUUIDv7 } from 'node:crypto'
import type { Connection, Database } from '@annex/database'
import { splitScope } from '@annex/protocol'
import type { Audit, AuditEvent } from '../../audit/audit.ts'
import { beginClosing } from '../access/closings/begin-closing.ts'
import { readClosedUntil, type ClosingScope } from '../access/closings/closings-store.ts'
import type { OAuthEvent, OAuthListener } from '../oauth-events.ts'
import type { GrantRow } from '../storage/oauth-tables.ts'
import { insertGrant, listGrants, revokeGrants, type GrantChoice, type RevokedGrant } from './grants-store.ts'
import { LIFETIMES } from './lifetimes.ts'

/** What a user has allowed a client, over all living grants. */
export interface Remembered {
  readonly granted: ReadonlySet<string>
  /** Unticked at some consent and never granted since. */
  readonly rejected: ReadonlySet<string>
}

export interface NewGrant {
  readonly client: string
  readonly user: string
  readonly requested: readonly string[]
  readonly granted: readonly string[]
  readonly rejected: readonly string[]
  readonly doctypeIds: Readonly<Record<string, string>>
  /** Microseconds: when the user signed in. */
  readonly authTime: number
  /** Microseconds that it may live, however much it is used; absent = ninety days. */
  readonly life?: number
  /** JSON: DocType to filters of its rows. */
  readonly filters?: string | undefined
  /** JSON: what the client may have by a set alone, by the set's name. */
  readonly sets?: string | undefined
  /** JSON: DocType to the filters that the app itself asked for. */
  readonly details?: string | undefined
  readonly resource?: string | undefined
  /** SHA-256 of the session that consented. */
  readonly session?: string | undefined
  /** When no browser consented: an app for itself, or a device that its user allowed. */
  readonly kind?: 'service' | 'device'
}

export interface GrantsParts {
  readonly database: Database
  readonly audit: Audit
  readonly listeners: readonly OAuthListener[]
  readonly now: () => number
}

/** One consent each: user, client, scopes. The root of its code and tokens, which live as long as it does. */
export class Grants {
  readonly #parts: GrantsParts

  constructor(parts: GrantsParts) {
    this.#parts = parts
  }

  /** In the caller's transaction, which should be a durable one: a consent that was shown as given must not be lost. */
  async insert(connection: Connection, grant: NewGrant): Promise<string> {
    return (await this.insertRow(connection, grant)).id
  }

  /** As `insert`; the row comes back. */
  async insertRow(connection: Connection, grant: NewGrant): Promise<Omit<GrantRow, 'epoch'>> {
    // One that is made while others are being ended is none of them, whatever this process's clock says.
    const closedUntil = await readClosedUntil(connection, grant)
    const now = this.#parts.now()
    const row: Omit<GrantRow, 'epoch'> = {
      // Its time comes first, so that new grants lie side by side in their table, and what belongs to them in its indexes.
      id: randomUUIDv7(),
      client: grant.client,
      user: grant.user,
      requested: grant.requested.join(' '),
      granted: grant.granted.join(' '),
      rejected: grant.rejected.join(' '),
      doctype_ids: JSON.stringify(grant.doctypeIds),
      filters: grant.filters ?? null,
      sets: grant.sets ?? null,
      details: grant.details ?? null,
      resource: grant.resource ?? null,
      session: grant.session ?? null,
      kind: grant.kind ?? null,
      auth_time: grant.authTime,
      created: Math.max(now, (closedUntil ?? 0) + 1),
      expires: now + (grant.life ?? LIFETIMES.grant),
      last_used: now,
      revoked_at: null,
      reason: null,
    }
    await insertGrant(connection, row)
    await this.#tell(connection, [{ event: 'grant.created', grant: row.id, user: row.user, client: row.client }], {
      granted: row.granted,
      rejected: row.rejected,
    })
    return row
  }

  /** The living grants of a user, newest first; of one client when it is named. */
  list(user: string, client?: string): Promise<GrantRow[]> {
    return listGrants(this.#parts.database.connection, user, this.#parts.now(), client)
  }

  /**
   * What the user allowed the client, over all living grants. A scope counts only while its DocType is the one of then.
   *
   * @param holds - whether a scope of that grant counts: its DocType is still the one with the ids of then
   */
  async readRemembered(
    user: string,
    client: string,
    holds: (scope: string, ids: Readonly<Record<string, string>>, grant: GrantRow) => boolean,
  ): Promise<Remembered> {
    // What an app may do for itself is no consent of the user's.
    const grants = (await this.list(user, client)).filter((grant) => grant.kind !== 'service')
    const granted = grants.flatMap((grant) => {
      const ids = parseIds(grant.doctype_ids)
      return splitScope(grant.granted).filter((scope) => holds(scope, ids, grant))
    })
    const rejected = grants.flatMap((grant) => splitScope(grant.rejected))
    return { granted: new Set(granted), rejected: new Set(rejected.filter((scope) => !granted.includes(scope))) }
  }

  /** Ends grants, in a durable transaction of its own. Repeatable. The number comes back that ended in it: see `revokeWithin`. */
  revoke(choice: GrantChoice | ClosingScope, reason: string): Promise<number> {
    return this.#parts.database.transaction((connection) => this.revokeWithin(connection, choice, reason), { durable: true })
  }

  /**
   * As `revoke`, in the caller's transaction. Of all that an app or a user has the oldest forty end in it, and the rest afterwards, by
   * `Closings`; none of it is good from the commit on.
   *
   * @param replacedIn - the session of the consent that takes their place: its user goes on there
   */
  async revokeWithin(connection: Connection, choice: GrantChoice | ClosingScope, reason: string, replacedIn?: string): Promise<number> {
    const now = this.#parts.now()
    const few = isFew(choice) ? choice : { ids: await beginClosing(connection, choice, { reason, by: this.#parts.audit.user(), now }) }
    const ended = await revokeGrants(connection, few, reason, now)
    const events = ended.map(({ id, ...of }) => ({ event: 'grant.revoked', grant: id, ...of, reason, replacedIn }) as const)
    await this.#tell(connection, events, { reason })
    return ended.length
  }

  /** Says that a grant holds less than before: what is left of it, and why. In the transaction that narrows it. */
  async tellNarrowed(connection: Connection, grant: RevokedGrant, scope: string, reason: string): Promise<void> {
    const { id, user, client, session, kind, created } = grant
    const event = { event: 'grant.narrowed', grant: id, user, client, session, kind, created, scope, reason } as const
    await this.#tell(connection, [event], { reason, scope })
  }

  /** Ends every grant of a user: their password has changed, or they were disabled or removed. */
  async revokeForUser(connection: Connection, user: string, reason: string): Promise<void> {
    await this.revokeWithin(connection, { user }, reason)
  }

  async #tell(connection: Connection, events: readonly OAuthEvent[], detail: Record<string, unknown>): Promise<void> {
    const traceOf = ({ event, user, client, grant }: OAuthEvent): AuditEvent => ({ event: `oauth.${event}`, user, client, grant, detail })
    await this.#parts.audit.writeAll(connection, events.map(traceOf))
    for (const listener of this.#parts.listeners) await listener(connection, events)
  }
}

const isFew = (choice: GrantChoice | ClosingScope): choice is GrantChoice => 'id' in choice || 'ids' in choice || 'kind' in choice

/** DocType name to its id at consent, as a grant keeps it. */
export const parseIds = (json: string): Readonly<Record<string, string>> => JSON.parse(json) as Record<string, string>
