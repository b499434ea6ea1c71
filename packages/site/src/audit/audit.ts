import { randomUUID } from 'node:crypto'
import type { Connection } from '@annex/database'
import { insertAuditRow } from './audit-store.ts'

export interface AuditEvent {
  /** A few words, always the same for the same thing: `sign-in`, `grant revoked`. */
  readonly event: string
  readonly user?: string | undefined
  /** The client (an app's id). */
  readonly client?: string | undefined
  readonly grant?: string | undefined
  readonly ip?: string | undefined
  /** What else there is to know, as JSON. */
  readonly detail?: Readonly<Record<string, unknown>> | undefined
}

const LONGEST_DETAIL = 4000
/** Whole words of a key, so that `token_kind` stays and `access_token` does not. */
const SECRET = /^(?:.*_)?(?:token|secret|password|pwd|sid|verifier|cookie|authorization|api_key)$/i

/** The append-only trail. */
export class Audit {
  readonly #now: () => number

  constructor(now: () => number = () => Date.now() * 1000) {
    this.#now = now
  }

  /**
   * Adds one row. In the transaction of what it tells of, both commit or neither; for a refusal, which has
   * no transaction, give the database's own connection.
   *
   * Of the detail, what is named like a secret is left out, and what is longer than 4000 characters is cut.
   */
  async write(connection: Connection, event: AuditEvent): Promise<void> {
    await insertAuditRow(connection, {
      id: randomUUID(),
      at: this.#now(),
      event: event.event,
      user: event.user ?? null,
      client: event.client ?? null,
      grant_id: event.grant ?? null,
      ip: event.ip ?? null,
      detail: event.detail === undefined ? null : encodeDetail(event.detail),
    })
  }
}

const encodeDetail = (detail: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(detail, (key, value: unknown) => (SECRET.test(key) ? undefined : value)).slice(0, LONGEST_DETAIL)
