import type { Connection } from '@annex/database'
import type { GrantRow } from './storage/oauth-tables.ts'

/** What happened to a grant. */
export interface OAuthEvent {
  readonly event: 'grant.created' | 'grant.revoked' | 'grant.narrowed'
  readonly grant: string
  readonly user: string
  readonly client: string
  /** When it came about; of one that ended or was narrowed. UTC microseconds. */
  readonly created?: number
  /**
   * Why it ended: `token_reuse`, `code_replay`, `token_revoked`, `user_revoked`, `consent_replaced`, `client_retired`, `admin_refused`,
   * or identity's reason.
   */
  readonly reason?: string
  /** SHA-256 of the session that consented; null when none did. */
  readonly session?: string | null
  /** Of one that a newer consent ended: the session of that consent. */
  readonly replacedIn?: string | undefined
  /** `service`: no person stands behind the grant. */
  readonly kind?: GrantRow['kind']
  /** Of a narrowed grant: what is left, space-separated. */
  readonly scope?: string
}

/** Told what happened to any number of grants, in the transaction of the change, so that what it writes commits with it. */
export type OAuthListener = (connection: Connection, events: readonly OAuthEvent[]) => Promise<void>
