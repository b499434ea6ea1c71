import type { HeadersOf } from '../../sign-in/cookies.ts'

/** What a sign-in is to lead to. */
export interface SignInOptions {
  /** A place of the app's own origin, `/` when absent. */
  readonly returnTo?: string
  /** In place of `returnTo`: the page that this request asks for, or that has sent it, when it is one of the app's own. */
  readonly from?: HeadersOf
  /** Asks for these besides what is granted already (step-up). Absent, for everything that the app is set to ask for. */
  readonly scopes?: readonly string[]
}
