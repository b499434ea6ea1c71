import type { Keys } from '@annex/connector'

/** What one process of an app under soak is told at its start. */
export interface AppWork {
  /** Of this start of it, in the ledger. */
  readonly run: string
  readonly port: number
  /** Where the app lives, whichever of its processes that is. */
  readonly origin: string
  readonly issuer: string
  readonly clientId: string
  readonly secret: string
  /** Besides `openid`. */
  readonly scopes: readonly string[]
  readonly store: string
  readonly keys: Keys
  /** What the site signs its event calls with. */
  readonly eventSecret?: string
  /** What the site signs its webhooks with, as a Frappe does. */
  readonly webhookSecret?: string
  /** Where it says what it was told. */
  readonly ledger: string
}

/** How a call of a person ended: `away` = not now, `down` = the process of the app gave no answer. */
export type Outcome = 'ok' | 'sign-in' | 'away' | 'down' | { readonly failed: string }
