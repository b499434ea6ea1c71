import { AnnexError, describeScope, isAnnexError, OAuthError } from '@annex/protocol'

/** Why a sign-in is needed: access is over, was taken away, was refused right after its renewal, cannot be opened with the app's keys, or was never there. */
export type SignInReason = 'expired' | 'revoked' | 'refused' | 'keys-lost' | 'unknown'

/** The person has to sign in with the site again: access was never given, has expired, or was taken away. */
export class SignInRequired extends AnnexError {
  readonly code = 'sign_in_required'
  /** Where to send the browser. */
  readonly url: string
  readonly reason: SignInReason

  constructor(message: string, url: string, reason: SignInReason) {
    super(message)
    this.name = 'SignInRequired'
    this.url = url
    this.reason = reason
  }
}

/** No answer · none in time · the site is busy or down · asks to be left alone · what answers is no Frappe site · no site stands there. */
export type OutageCode = 'unreachable' | 'timeout' | 'busy' | 'rate_limited' | 'not_frappe' | 'site_not_found'

/** The site cannot be reached, is too busy, or answers nothing that a Frappe site sends. Trying later may work. */
export class UpstreamUnavailable extends AnnexError {
  readonly code: OutageCode
  /** How long the site asks to be left alone, in milliseconds; undefined when it did not say. */
  readonly retryAfterMs: number | undefined

  constructor(code: OutageCode, message: string, options: ErrorOptions & { readonly retryAfterMs?: number | undefined } = {}) {
    super(message, options)
    this.name = 'UpstreamUnavailable'
    this.code = code
    this.retryAfterMs = options.retryAfterMs
  }
}

/** The person has not given this app a right that the call needs. A step-up sign-in asks for it. */
export class ScopeMissing extends AnnexError {
  readonly code = 'scope_missing'
  /** The scopes that would have been enough; empty when the site did not name them. */
  readonly needed: readonly string[]
  /** Where to send the browser to be asked for them; undefined where the app is not set to ask for any of them. */
  readonly url: string | undefined

  constructor(needed: readonly string[], url?: string) {
    const words = needed.map((scope) => `“${describeScope(scope)}” (${scope})`).join(', ')
    super(`${words === '' ? 'A right' : `The right ${words}`} is missing: ask for it by signing in again`)
    this.name = 'ScopeMissing'
    this.needed = needed
    this.url = url
  }
}

/** The person said no on the site's consent page. */
export class ConsentDenied extends AnnexError {
  readonly code = 'consent_denied'

  constructor(message = 'You did not allow the app to use your account. Nothing was changed.') {
    super(message)
    this.name = 'ConsentDenied'
  }
}

/** A sign-in that does not prove who the person is: another browser's, a used or old one, or an answer that is not the site's. */
export class InvalidSignIn extends AnnexError {
  readonly code = 'invalid_sign_in'

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'InvalidSignIn'
  }
}

/** Something of this app's own setup is wrong or missing, and no site and no person can put it right: for whoever runs the app, and no `Problem`. */
export class SettingWrong extends AnnexError {
  readonly code = 'setting_wrong'

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SettingWrong'
  }
}

/** The site at the other end has no such thing: another release of it may. */
export class NotSupported extends AnnexError {
  readonly code = 'not_supported'

  constructor(message: string) {
    super(message)
    this.name = 'NotSupported'
  }
}

/** What to compare with the site: id of the app, its secret or redirect URI, how it may get tokens, or its scopes; `blocked`: the app as a whole is not admitted now. */
export type RefusalHint = 'client' | 'secret' | 'redirect' | 'grant' | 'scope' | 'blocked'

/** What to do about a hint that a site's own word for it does not give. */
const ADVICE: Readonly<Partial<Record<RefusalHint, string>>> = {
  secret: 'compare client.secret with the site',
  redirect: 'compare client.redirectUri with the site, to the letter',
}

const REFUSALS: Readonly<Record<string, { readonly hint: RefusalHint; readonly advice: string }>> = {
  invalid_client: { hint: 'client', advice: 'compare client id and secret with the site' },
  unauthorized_client: { hint: 'blocked', advice: 'an administrator of the site has to admit the app' },
  unsupported_grant_type: { hint: 'grant', advice: 'an administrator of the site has to set the grant type Authorization Code' },
  unsupported_response_type: { hint: 'grant', advice: 'an administrator of the site has to set the response type Code' },
  invalid_scope: { hint: 'scope', advice: 'compare the scopes of the app with those that it has at the site' },
}

export interface RefusalOptions {
  readonly status?: number
  readonly errorUri?: string | undefined
  /** Where it is known better than by the code alone. */
  readonly hint?: RefusalHint
  /** What its operator does about it, as the end of a sentence. */
  readonly advice?: string
  readonly formUrl?: string
}

/**
 * The site refuses the app itself, whoever its user is: for its operator to put right.
 *
 * `code` is the RFC's, as of every `OAuthError`; `problem` is the kit's own.
 */
export class AppRefused extends OAuthError {
  readonly problem = 'app_refused'
  readonly hint: RefusalHint
  /** Where the site explains it (RFC 6749 section 5.2); an address that the site wrote, so look before you link. */
  readonly errorUri: string | undefined
  /** The site's form for a new app, filled in, where that is what helps: for a System Manager to save. */
  readonly formUrl: string | undefined

  constructor(code: string, description: string, options: RefusalOptions = {}) {
    const known = REFUSALS[code] ?? { hint: 'client', advice: 'compare its settings with the site' }
    const { hint = known.hint, advice = ADVICE[hint] ?? known.advice, status, errorUri, formUrl } = options
    super(code, `The site refuses this app (${description || code}): ${advice}`, status === undefined ? {} : { status })
    this.name = 'AppRefused'
    this.hint = hint
    this.errorUri = errorUri
    this.formUrl = formUrl
  }
}

/** What a refusal of an OAuth endpoint is: of the app itself, or of what it asked for. */
export function refusalOf(
  code: string,
  description: string,
  options: { readonly status?: number; readonly errorUri?: unknown } = {},
): OAuthError {
  const { status, errorUri } = options
  const stated = status === undefined ? {} : { status }
  if (!Object.hasOwn(REFUSALS, code)) return new OAuthError(code, description, stated)
  return new AppRefused(code, description, { ...stated, errorUri: typeof errorUri === 'string' ? errorUri : undefined })
}

/** Frappe's exceptions by what an app does about them; one that is not here is a kind of ValidationError. */
const FRAPPE_CODES: Readonly<Record<string, string>> = {
  AuthenticationError: 'permission_denied',
  PermissionError: 'permission_denied',
  DoesNotExistError: 'not_found',
  PageDoesNotExistError: 'not_found',
  TimestampMismatchError: 'conflict',
  DuplicateEntryError: 'duplicate',
  NameError: 'duplicate',
  UniqueValidationError: 'duplicate',
  LinkExistsError: 'link_exists',
  DocumentLockedError: 'busy',
  QueryDeadlockError: 'busy',
  QueryTimeoutError: 'busy',
  RateLimitExceededError: 'rate_limited',
  TooManyRequestsError: 'rate_limited',
  SessionStopped: 'busy',
  InReadOnlyMode: 'busy',
}

/** What an app shows, logs or branches on. */
export interface Problem {
  /** Stable. For what the site refuses: `permission_denied`, `not_found`, `conflict`, `duplicate`, `link_exists`, `busy`, `rate_limited`, `validation`, `site_failed`. */
  readonly code: string
  /** One sentence, as text: what a site sends may hold markup. */
  readonly message: string
  readonly retryAfterMs?: number
  /** Where the person puts it right: signs in again (`sign_in_required`), or gives the app a right that it lacks (`scope_missing`). */
  readonly url?: string
}

/**
 * What went wrong, for every error of this package that a person may read, whichever copy of it that an app has loaded; undefined for
 * any other: that is a bug of somebody's, or a wrong setting of the app, and to be logged.
 */
export function problemOf(error: unknown): Problem | undefined {
  // By what it says of itself: each copy (of a bundle, of a route of Next, as CommonJS and as a module) has classes of its own.
  if (!isAnnexError(error)) return undefined
  const { message } = error
  const { excType, code, status, problem, retryAfterMs, url } = error as Partial<Told>
  if (typeof excType === 'string')
    return { code: frappeCode(excType, typeof status === 'number' ? status : 500), message: message || excType }
  if (typeof problem === 'string') return { code: problem, message }
  if (typeof code !== 'string' || code === 'setting_wrong') return undefined
  const more = { ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}), ...(typeof url === 'string' ? { url } : {}) }
  return { code, message: message || code, ...more }
}

/** What the errors of this package and of the site carry. Of another version's it may be anything. */
interface Told {
  readonly excType: unknown
  readonly code: unknown
  readonly status: unknown
  readonly problem: unknown
  readonly retryAfterMs: unknown
  readonly url: unknown
}

/** By the exception's name: Frappe says 417 for most things, and 404 or 403 for things apart. An exception of Python's own is the site's fault. */
function frappeCode(excType: string, status: number): string {
  return Object.hasOwn(FRAPPE_CODES, excType) ? FRAPPE_CODES[excType]! : status >= 500 ? 'site_failed' : 'validation'
}
