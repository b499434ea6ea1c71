import { describeScope } from '@annex/protocol'

/** The person has to sign in with the site again: access was never given, has expired, or was taken away. */
export class SignInRequired extends Error {
  /** Where to send the browser. */
  readonly url: string

  constructor(message: string, url: string) {
    super(message)
    this.name = 'SignInRequired'
    this.url = url
  }
}

/** The site cannot be reached, is too busy, or answers nothing that a Frappe site sends. Trying later may work. */
export class UpstreamUnavailable extends Error {
  /** How long the site asks to be left alone, in milliseconds; undefined when it did not say. */
  readonly retryAfterMs: number | undefined

  constructor(message: string, options: ErrorOptions & { readonly retryAfterMs?: number } = {}) {
    super(message, options)
    this.name = 'UpstreamUnavailable'
    this.retryAfterMs = options.retryAfterMs
  }
}

/** The person has not given this app a right that the call needs. A step-up sign-in asks for it. */
export class ScopeMissing extends Error {
  /** The scopes that would have been enough; empty when the site did not name them. */
  readonly needed: readonly string[]

  constructor(needed: readonly string[]) {
    const words = needed.map((scope) => `“${describeScope(scope)}” (${scope})`).join(', ')
    super(
      words === '' ? 'A right is missing: ask for it by signing in again' : `The right ${words} is missing: ask for it by signing in again`,
    )
    this.name = 'ScopeMissing'
    this.needed = needed
  }
}

/** The person said no on the site's consent page. */
export class ConsentDenied extends Error {
  constructor(message = 'You did not allow the app to use your account. Nothing was changed.') {
    super(message)
    this.name = 'ConsentDenied'
  }
}

/** A sign-in that does not prove who the person is: another browser's, a used or old one, or an answer that is not the site's. */
export class InvalidSignIn extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'InvalidSignIn'
  }
}
