import { UpstreamUnavailable } from '../errors.ts'

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>

/** One answer of the site, read to its end. */
export interface UpstreamAnswer {
  readonly status: number
  readonly headers: Headers
  /** The JSON of the body; undefined when it is not JSON. */
  readonly json: unknown
}

export type Send = (url: string, init: RequestInit & { readonly timeoutMs?: number }) => Promise<UpstreamAnswer>

/**
 * Sends requests to one site. Redirects are not followed: a token or a secret must not travel to where a redirect points.
 *
 * @param timeoutMs for the whole answer, body included
 * @throws {UpstreamUnavailable} when no whole answer came in time
 */
export function createTransport(fetch: Fetch, timeoutMs: number): Send {
  return async (url, { timeoutMs: own, ...init }) => {
    const timeout = AbortSignal.timeout(own ?? timeoutMs)
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout
    try {
      const response = await fetch(url, { ...init, redirect: 'manual', signal })
      return { status: response.status, headers: response.headers, json: parseJson(await response.text()) }
    } catch (cause) {
      if (init.signal?.aborted === true) throw cause
      throw new UpstreamUnavailable(
        `The site at ${new URL(url).origin} ${timeout.aborted ? 'did not answer in time' : 'cannot be reached'}: try again later`,
        { cause },
      )
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** How long the site asks to be left alone, in milliseconds (RFC 9110 section 10.2.3). */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const value = headers.get('retry-after')
  if (value === null) return undefined
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined
}
