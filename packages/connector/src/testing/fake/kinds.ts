/** Which site the fake is: this project's own, or a Frappe of either line. */
export type FakeKind = 'annex' | 'frappe-16' | 'frappe-15'

/** What sites do differently, as it was measured at real ones. */
export interface Traits {
  /** Frappe's habits, of either line. */
  readonly frappe: boolean
  /** Answers RFC 8414; without, only Frappe's own paths are there. */
  readonly serverMetadata: boolean
  readonly registration: boolean
  /** A renewal ends the refresh token that was shown; where not, both live on. */
  readonly rotation: boolean
  /** How long a repeated renewal gets the same pair, in milliseconds. */
  readonly leewayMs: number
}

export const TRAITS: Readonly<Record<FakeKind, Traits>> = {
  annex: { frappe: false, serverMetadata: true, registration: true, rotation: true, leewayMs: 10_000 },
  'frappe-16': { frappe: true, serverMetadata: true, registration: true, rotation: true, leewayMs: 0 },
  'frappe-15': { frappe: true, serverMetadata: false, registration: false, rotation: false, leewayMs: 0 },
}
