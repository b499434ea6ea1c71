/** What is told to apps, as the outbox keeps it. */
export const [EVENT, LOGOUT] = ['app-event', 'app-logout'] as const

/** An event and a sign-out of one app do not wait for each other: they may lie on different servers. */
export const receiverOf = (kind: typeof EVENT | typeof LOGOUT, client: string): string => `${kind}:${client}`

/** Event types are those of CAEP, whose names others know. @see OpenID Continuous Access Evaluation Profile 1.0 section 3 */
const CAEP = 'https://schemas.openid.net/secevent/caep/event-type'
export const [SESSION_REVOKED, TOKEN_CLAIMS_CHANGE] = [`${CAEP}/session-revoked`, `${CAEP}/token-claims-change`] as const

export interface EventPayload {
  readonly client: string
  /** Where the app listened when it happened; the one of now counts, while there is an app. */
  readonly url: string
  readonly type: string
  /** UTC microseconds. */
  readonly at: number
  readonly grant: string
  readonly sub: string | undefined
  readonly reason: string | undefined
  /** What is left of a narrowed grant. */
  readonly scope: string | undefined
}

export interface LogoutPayload {
  readonly client: string
  readonly url: string
  readonly sub: string | undefined
  readonly sid: string | undefined
}

/** Who ended it, in CAEP's words. */
export function initiatorOf(reason: string | undefined): 'user' | 'admin' | 'policy' | 'system' {
  if (reason === undefined) return 'system'
  if (/^(?:user_|signed_out|session_|token_revoked)/.test(reason)) return 'user'
  if (/^(?:admin_|client_|scopes_|role_)/.test(reason)) return 'admin'
  return /^(?:token_reuse|code_replay)/.test(reason) ? 'policy' : 'system'
}
