/** What may go wrong at a fake site, for tests to set. */
export interface Faults {
  /** Token answers to lose after the site has done its work. */
  loseTokenAnswers: number
  /** Answers of this status to the token endpoint, instead of doing anything. */
  tokenStatus: number | undefined
  /** Of those answers, the header Retry-After. */
  retryAfter: string | undefined
  /** The next so many calls for documents and methods are refused with this status; `retryAfter` in seconds. */
  busy: { readonly status: number; readonly retryAfter?: string; times: number } | undefined
  /** The whole site answers nothing. */
  down: boolean
  /** Milliseconds that every answer takes. */
  slowMs: number
  /** The path of a call while which all access is revoked: this call is answered still. */
  revokeDuring: string | undefined
  /** Scopes that the person leaves out. */
  unticked: readonly string[]
  /** The person says no. */
  deny: boolean
  /** What the site calls itself, and what it calls itself in the answer to a sign-in. */
  announcedIssuer: string | undefined
  answeredIssuer: string | undefined
  /** Laid over the claims of id_tokens. */
  claims: Readonly<Record<string, unknown>>
  /** Lifetime of an access token, in seconds. */
  expiresIn: number
  /** A proxy answers in the place of the site, in HTML. */
  html: boolean
}

export const noFaults = (): Faults => ({
  loseTokenAnswers: 0,
  tokenStatus: undefined,
  retryAfter: undefined,
  busy: undefined,
  down: false,
  slowMs: 0,
  revokeDuring: undefined,
  unticked: [],
  deny: false,
  announcedIssuer: undefined,
  answeredIssuer: undefined,
  claims: {},
  expiresIn: 3600,
  html: false,
})
