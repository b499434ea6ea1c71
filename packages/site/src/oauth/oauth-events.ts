import type { Connection } from '@annex/database'

/** What happened to a grant. Listeners run in the transaction of the change, so what they write commits with it. */
export interface OAuthEvent {
  readonly event: 'grant.created' | 'grant.revoked'
  readonly grant: string
  readonly user: string
  readonly client: string
  /** Why it ended: `token_reuse`, `code_replay`, `token_revoked`, `user_revoked`, `client_retired`, or identity's reason. */
  readonly reason?: string
}

export type OAuthListener = (connection: Connection, event: OAuthEvent) => Promise<void>
