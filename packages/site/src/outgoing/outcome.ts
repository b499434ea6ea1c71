/**
 * Why a call had no answer: `url` (not one that may be called), `forbidden` (its address may not be reached), `dns` (the name
 * is not known), `refused` (nothing listens there, or no way leads there), `timeout`, `tls` (its certificate or its TLS is
 * bad), `broken` (the connection ended, or what came is not HTTP), `too-large`.
 */
export type FailureReason = 'url' | 'forbidden' | 'dns' | 'refused' | 'timeout' | 'tls' | 'broken' | 'too-large'

export interface OutgoingAnswer {
  readonly kind: 'answer'
  /** Any: a redirect (3xx) is not followed. */
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
}

export interface OutgoingFailure {
  readonly kind: 'failure'
  readonly reason: FailureReason
  /** One sentence for whoever named the address; it tells nothing that they did not send. */
  readonly message: string
}

export type OutgoingOutcome = OutgoingAnswer | OutgoingFailure

export const failure = (reason: FailureReason, message: string): OutgoingFailure => ({ kind: 'failure', reason, message })

const NO_WAY = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EADDRNOTAVAIL', 'EACCES', 'EPERM'])
const LATE = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_ABORTED'])
// OpenSSL names most faults of a certificate without a common prefix.
const TLS = /^(?:ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA$|INVALID_PURPOSE$|HOSTNAME_MISMATCH$)/

/** What an error of the connection to that host means. */
export function failureOf(error: unknown, host: string): OutgoingFailure {
  const code = codeOf(error)
  if (isTimeout(error) || LATE.has(code)) return failure('timeout', `${host} did not answer in time`)
  if (TLS.test(code)) return failure('tls', `The TLS connection to ${host} failed (${code})`)
  if (NO_WAY.has(code)) return failure('refused', `${host} refuses connections, or cannot be reached (${code})`)
  return failure('broken', `The connection to ${host} ended before an answer was whole (${code})`)
}

/** The system's own name of a fault; where every address of a name failed, that of the first. */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0])
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no code'
}

const isTimeout = (error: unknown): boolean => error instanceof DOMException && error.name === 'TimeoutError'
