import { timingSafeEqual } from 'node:crypto'
import { FrappeError } from '@annex/protocol'

/**
 * How a route takes unsafe requests. `required`: only with the CSRF token of the caller's session, as the pages' own
 * forms send it. `origin`: a browser must come from the site's own pages even without a session (sign-in).
 */
export type CsrfRule = 'required' | 'origin'

export interface CrossSiteFacts {
  readonly method: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The token that the request carries. */
  readonly sent: string | undefined
  /** The token of the session whose cookie brought the caller; absent when something else did. */
  readonly expected: string | undefined
  readonly rule: CsrfRule | undefined
  /** The site's own. */
  readonly origin: string
}

const SAFE = new Set(['GET', 'OPTIONS'])

/**
 * Refuses an unsafe request by cookie that another site may have made the browser send.
 * Without any of a browser's headers, and without a token, it is no browser and passes.
 *
 * @throws {FrappeError} `CSRFTokenError` (400)
 */
export function checkCrossSite(facts: CrossSiteFacts): void {
  if (SAFE.has(facts.method)) return
  if (facts.expected === undefined && facts.rule === undefined) return
  const site = facts.headers['sec-fetch-site']
  if (site === 'cross-site' || site === 'same-site') throw refusal('This request was sent by another site')
  const opaque = facts.headers['origin'] === 'null' && site === 'same-origin'
  if (!opaque && !comesFrom(facts.origin, facts.headers)) throw refusal(`This request was sent by another site than ${facts.origin}`)
  const tokenNeeded = facts.rule === 'required' || (opaque && facts.expected !== undefined)
  if (tokenNeeded && (facts.sent === undefined || facts.expected === undefined)) throw refusal('The form carries no proof of your session')
  if (facts.sent !== undefined && facts.expected !== undefined && !same(facts.sent, facts.expected))
    throw refusal('The form belongs to another session')
}

/** Whether `Origin`, or else `Referer`, names the site itself; true when neither is there. */
function comesFrom(origin: string, headers: CrossSiteFacts['headers']): boolean {
  const source = headers['origin'] ?? headers['referer']
  if (source === undefined) return true
  return typeof source === 'string' && URL.canParse(source) && new URL(source).origin === origin
}

function same(sent: string, expected: string): boolean {
  const [left, right] = [Buffer.from(sent), Buffer.from(expected)]
  return left.length === right.length && timingSafeEqual(left, right)
}

const refusal = (reason: string): FrappeError =>
  new FrappeError('CSRFTokenError', `${reason}; open the page again on this site and repeat what you did`)
