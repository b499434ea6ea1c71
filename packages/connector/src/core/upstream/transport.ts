import { SettingWrong, UpstreamUnavailable, type OutageCode } from '../errors.ts'

/** What the kit needs of `fetch`. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>

/** One request to the site. */
export interface Outgoing {
  readonly url: string
  readonly method: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | FormData
  readonly signal: AbortSignal
  /** A longer answer is given up: whatever stands at the address must not fill this process's memory. */
  readonly maxBytes: number
}

/** What the site answers. */
export interface Incoming {
  readonly status: number
  readonly headers: Pick<Headers, 'get'>
  /** The whole body; asked for once. */
  text(): Promise<string>
}

/**
 * Carries one request to the site. Follows no redirect, because a token or a secret must not travel to where it points;
 * sends no cookie and keeps none. Rejects when there is no answer, or `signal` aborts; with `SettingWrong` when it cannot carry at all.
 */
export type Transport = (request: Outgoing) => Promise<Incoming>

/** One for each `fetch`, so that all that goes by the same one shares the pauses that a site asks for. */
const transports = new WeakMap<Fetch, Transport>()

/** The transport of every runtime: `fetch`, the global one when absent. */
export function fetchTransport(send: Fetch = fetch): Transport {
  if (!transports.has(send)) transports.set(send, transportOver(send))
  return transports.get(send)!
}

const transportOver =
  (send: Fetch): Transport =>
  async ({ url, maxBytes, ...init }) => {
    const response = await send(url, { ...init, redirect: 'manual', credentials: 'omit' })
    const { status, headers, body } = response
    // What is packed says how long it is as it travels.
    const isKnown = headers.has('content-length') && !headers.has('content-encoding')
    const length = Number(headers.get('content-length'))
    return { status, headers, text: () => (isKnown && length <= maxBytes ? response.text() : readText(body, maxBytes)) }
  }

async function readText(body: ReadableStream<Uint8Array<ArrayBuffer>> | null, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder()
  const chunks = await readChunks(body, maxBytes, tooLong)
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode()
}

/** A whole body. One that is longer is left where it passes `maxBytes`. */
export async function readChunks(
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
  maxBytes: number,
  failure: (maxBytes: number) => Error,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const reader = body?.getReader()
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let length = 0
  for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
    length += next.value.length
    if (length > maxBytes) {
      await reader?.cancel()
      throw failure(maxBytes)
    }
    chunks.push(next.value)
  }
  return chunks
}

/** What a transport throws for an answer that is longer than `maxBytes`. */
export const tooLong = (maxBytes: number): UpstreamUnavailable =>
  new UpstreamUnavailable('not_frappe', `The site answers with more than ${maxBytes >> 20} MB: ask for less at once`)

/** One answer of the site, read to its end. */
export interface UpstreamAnswer {
  readonly status: number
  readonly headers: Pick<Headers, 'get'>
  /** The JSON of the body; undefined when it is not JSON. */
  readonly json: unknown
}

export type Send = (
  url: string,
  init: {
    readonly method?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: string | FormData
    readonly signal?: AbortSignal | undefined
    readonly timeoutMs?: number
  },
) => Promise<UpstreamAnswer>

/** Nothing that a sign-in asks for is longer. */
const MOST_BYTES = 4 << 20

/**
 * Sends requests to one site and reads the JSON of its answers.
 *
 * @param timeoutMs for the whole answer, body included
 * @param maxBytes for the body of an answer
 * @throws {UpstreamUnavailable} when no whole answer came in time
 */
export function createSend(transport: Transport, timeoutMs: number, maxBytes = MOST_BYTES): Send {
  return async (url, { timeoutMs: own = timeoutMs, signal: caller, method = 'GET', headers = {}, ...init }) => {
    const timeout = AbortSignal.timeout(own)
    const signal = caller ? AbortSignal.any([caller, timeout]) : timeout
    try {
      const answer = await transport({ ...init, url, method, headers, signal, maxBytes })
      return { status: answer.status, headers: answer.headers, json: parseJson(await answer.text()) }
    } catch (cause) {
      caller?.throwIfAborted()
      if (cause instanceof UpstreamUnavailable || cause instanceof SettingWrong) throw cause
      throw outage(url, timeout.aborted, cause)
    }
  }
}

/** The same over `fetch`. */
export const createFetchSend = (fetch: Fetch, timeoutMs: number): Send => createSend(fetchTransport(fetch), timeoutMs)

/** There was no answer: none came, or none in time. */
export const outage = (url: string, late: boolean, cause: unknown): UpstreamUnavailable =>
  new UpstreamUnavailable(
    late ? 'timeout' : 'unreachable',
    `The site at ${new URL(url).origin} ${late ? 'did not answer in time' : 'cannot be reached'}: try again later`,
    { cause },
  )

/** Undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** What kind of outage an answer is that holds nothing to work with. */
export function outageOf({ status, json }: UpstreamAnswer): OutageCode {
  if (status === 429) return 'rate_limited'
  if (status >= 500) return 'busy'
  // A Frappe site says 404 in JSON; without a body of its own it is a server that has no such site.
  return status === 404 && json === undefined ? 'site_not_found' : 'not_frappe'
}

/** Longer than a day nobody is to be left alone: timers and stores take no number whatever. */
export const LONGEST_WAIT_MS = 86_400_000

/** How long the site asks to be left alone, in milliseconds, a day at most (RFC 9110 section 10.2.3). */
export function retryAfterMs(headers: Pick<Headers, 'get'>, now: number): number | undefined {
  const value = headers.get('retry-after')
  if (value === null) return undefined
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(0, wait), LONGEST_WAIT_MS)
}
