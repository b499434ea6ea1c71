import { decodeError, isRecord, splitScope } from '@annex/protocol'
import { ScopeMissing, UpstreamUnavailable } from '../errors.ts'
import { retryAfterMs, type UpstreamAnswer } from './transport.ts'

const BUSY = new Set([429, 502, 503, 504])

/**
 * The body of an answer that went well.
 *
 * @throws {ScopeMissing} when the token's scopes do not cover the call (RFC 6750 section 3.1)
 * @throws {UpstreamUnavailable} when the site is busy or down, or what answered is no Frappe site
 * @throws {FrappeError} what the site refused, as the class it was there
 */
export function judgeAnswer(answer: UpstreamAnswer, now: number): Record<string, unknown> {
  const { status, json, headers } = answer
  const wait = retryAfterMs(headers, now)
  if (BUSY.has(status))
    throw new UpstreamUnavailable(`The site answered ${status}: try again later`, wait === undefined ? {} : { retryAfterMs: wait })
  if (!isRecord(json))
    throw new UpstreamUnavailable(`The site answered ${status} without a body that Frappe sends: check the address of the site`)
  if (status >= 200 && status < 300) return json
  if (status === 403) throwScopeMissing(headers.get('www-authenticate'))
  throw decodeError(status, json)
}

function throwScopeMissing(challenge: string | null): void {
  if (challenge === null || !/\berror\s*=\s*"?insufficient_scope\b/i.test(challenge)) return
  throw new ScopeMissing(splitScope(/\bscope\s*=\s*"([^"]*)"/i.exec(challenge)?.[1]))
}
