import { decodeError, FrappeError, isRecord, splitScope } from '@annex/protocol'
import { ScopeMissing, SignInRequired, UpstreamUnavailable } from '../../errors.ts'
import { LONGEST_WAIT_MS, outageOf, retryAfterMs, type UpstreamAnswer } from '../transport.ts'
import type { CallsParts } from './call.ts'

/** Answers of a site that is busy: what only asks may be asked again. */
export const BUSY: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** What Frappe, or a server before it, says with a page instead of JSON. */
const PAGES: Readonly<Record<number, readonly [excType: string, message: string]>> = {
  403: ['PermissionError', 'The site, or a server before it, does not let you see this'],
  405: ['MethodNotAllowedError', 'The site takes no such call at this address: check the address and the HTTP method'],
  413: ['RequestTooLargeError', 'This is larger than the site takes at once: send less, or have its limit raised'],
}

/**
 * What an answer means that did not go well: `SignInRequired` when access has ended, `ScopeMissing` when the token does not
 * cover the call (RFC 6750 section 3.1), `UpstreamUnavailable` when the site is busy or down, or what answered is no Frappe
 * site, and `FrappeError` for what the site refused, as the class it was there.
 */
export function failureOf(answer: UpstreamAnswer, { credentials, clock }: Pick<CallsParts, 'credentials' | 'clock'>): Error {
  const { status, json, headers } = answer
  // An ended browser session is 403 on a Frappe site.
  if (status === 401 || (isRecord(json) && json['session_expired'] === 1)) return refusedAccess(answer, credentials)
  if (BUSY.has(status))
    return new UpstreamUnavailable(outageOf(answer), `The site answered ${status}: try again later`, {
      retryAfterMs: longestWait(headers, clock()),
    })
  const page = PAGES[status]
  if (!isRecord(json) && page !== undefined) return new FrappeError(page[0], page[1], { status })
  // `{}` is no error of Frappe's either: those name their exception.
  if (!isRecord(json) || (status >= 300 && status < 400))
    return new UpstreamUnavailable(
      outageOf(answer),
      `The site answered ${status} without a body that Frappe sends: check the address of the site, and the method's name if you gave one`,
    )
  return (status === 403 ? scopeMissing(headers.get('www-authenticate'), credentials) : undefined) ?? decodeError(status, json)
}

function refusedAccess({ status, json }: UpstreamAnswer, credentials: CallsParts['credentials']): Error {
  if ('token' in credentials)
    return new SignInRequired('The primary site refuses your access: sign in with it again', credentials.signInUrl(), 'refused')
  const { excType } = decodeError(status, json)
  return new FrappeError(
    excType === 'ValidationError' || excType === 'UpstreamUnavailableError' ? 'AuthenticationError' : excType,
    'The site does not know this API key and secret. That is no matter of roles: make a new pair on the page of its User',
    { status: 401 },
  )
}

function scopeMissing(challenge: string | null, credentials: CallsParts['credentials']): ScopeMissing | undefined {
  if (challenge === null || !/\berror\s*=\s*"?insufficient_scope\b/i.test(challenge)) return undefined
  const needed = splitScope(/\bscope\s*=\s*"([^"]*)"/i.exec(challenge)?.[1])
  return new ScopeMissing(needed, 'token' in credentials ? credentials.stepUpUrl?.(needed) : undefined)
}

/**
 * The longest of all that the site asks for. What Frappe counts in its limit are microseconds of work; until the next window
 * are seconds.
 */
function longestWait(headers: UpstreamAnswer['headers'], now: number): number | undefined {
  const stated = retryAfterMs(headers, now)
  const [remaining, reset] = [headers.get('x-ratelimit-remaining'), headers.get('x-ratelimit-reset')]
  if (remaining === null || reset === null || Number(remaining) > 0 || !/^\d+$/.test(reset)) return stated
  return Math.max(stated ?? 0, Math.min(Number(reset) * 1000, LONGEST_WAIT_MS))
}
