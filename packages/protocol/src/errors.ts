/** Status by exception name, as Frappe 15 answers; a name that is not here is 417 (a kind of ValidationError). */
const STATUS: Readonly<Record<string, number>> = {
  CSRFTokenError: 400,
  InvalidAuthorizationHeader: 400,
  InvalidAuthorizationPrefix: 400,
  InvalidAuthorizationToken: 400,
  AuthenticationError: 401,
  SessionExpired: 401,
  InvalidKeyError: 401,
  PermissionError: 403,
  DoesNotExistError: 404,
  PageDoesNotExistError: 404,
  MethodNotAllowedError: 405,
  NameError: 409,
  DuplicateEntryError: 409,
  LinkExpired: 410,
  RequestTooLargeError: 413,
  UnsupportedMediaType: 415,
  TooManyRequestsError: 429,
  RateLimitExceededError: 429,
  NotImplementedError: 501,
  UpstreamUnavailableError: 502,
  SessionStopped: 503,
  InReadOnlyMode: 503,
}

export interface FrappeErrorOptions {
  /** Overrides the status that the exception's name stands for. */
  readonly status?: number
  /** Shown to the person; the message alone when absent. An empty list sends none. */
  readonly messages?: readonly string[]
  /** Repeats the message as `_error_message`, as Frappe's permission checks do. */
  readonly errorMessage?: boolean
  /** Answer headers that belong to the error (`WWW-Authenticate`, `Retry-After`). */
  readonly headers?: Readonly<Record<string, string>>
  /** Further top-level keys of the body (`session_expired`, `message`). */
  readonly body?: Readonly<Record<string, unknown>>
}

const OWN = Symbol.for('@annex/connector.error')

/** An error of these packages: known as one also to another copy of them, and never taken for a stranger's that is called alike. */
export class AnnexError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    Object.defineProperty(this, OWN, { value: true })
  }
}

/** Whether an error is of these packages, whichever copy made it. */
export const isAnnexError = (error: unknown): error is Error => error instanceof Error && OWN in error

/**
 * What a caller did wrong, or may not do, in the shape that Frappe's clients read.
 *
 * `excType` is the exception's name in Frappe v15 (clients branch on it), `message` one
 * sentence that says what to do next.
 */
export class FrappeError extends AnnexError {
  readonly excType: string
  readonly status: number
  readonly options: FrappeErrorOptions

  constructor(excType: string, message: string, options: FrappeErrorOptions = {}) {
    super(message)
    this.name = excType
    this.excType = excType
    this.status = options.status ?? STATUS[excType] ?? 417
    this.options = options
  }
}

export interface OAuthErrorOptions {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** The scope that would have been enough (RFC 6750 section 3.1). */
  readonly scope?: string
}

/**
 * An error of the OAuth endpoints, named by the RFC's code.
 *
 * @see RFC 6749 section 5.2, RFC 6750 section 3.1
 */
export class OAuthError extends AnnexError {
  readonly code: string
  readonly status: number
  readonly options: OAuthErrorOptions

  constructor(code: string, description: string, options: OAuthErrorOptions = {}) {
    super(description)
    this.name = 'OAuthError'
    this.code = code
    this.status = options.status ?? (code === 'invalid_client' ? 401 : 400)
    this.options = options
  }
}

export const notPermitted = (message: string): FrappeError => new FrappeError('PermissionError', message, { errorMessage: true })
export const notFound = (doctype: string, name: string): FrappeError => new FrappeError('DoesNotExistError', `${doctype} ${name} not found`)
export const invalid = (message: string): FrappeError => new FrappeError('ValidationError', message)
