import { isIP, isIPv6, type LookupFunction } from 'node:net'
import type { Client, Dispatcher } from 'undici'
import { Addresses } from './addresses.ts'
import type { Lookup } from './lookups.ts'
import { nameLookup } from './name-lookup.ts'
import { codeOf, failure, failureOf, type OutgoingFailure, type OutgoingOutcome } from './outcome.ts'

export interface OutgoingParts {
  /** Addresses and CIDR ranges that may be called although they are private: `ANNEX_ALLOW_PRIVATE`. */
  readonly allowPrivate: readonly string[]
  /** Every address of a name; by the hosts file, name servers and the system when absent. */
  readonly lookup?: Lookup
  /** PEM of authorities that are trusted instead of the system's. */
  readonly authorities?: string
}

export interface OutgoingRequest {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Milliseconds for all of it, the name's look-up included; 5,000 when absent. */
  readonly timeout?: number
  /** Bytes of the answer's body; 1 MiB when absent. A longer one is a failure. */
  readonly maxBytes?: number
  /** Only the status and the headers matter; the body is not waited for. */
  readonly ignoresBody?: boolean
}

interface Target {
  readonly url: URL
  /** Checked: nothing else is connected to. */
  readonly addresses: readonly string[]
}

const TIMEOUT = 5000
const MAX_BYTES = 1024 * 1024

/** Makes calls to addresses that somebody else chose (an app's, a provider's), and reaches none that it should not. */
export class Outgoing {
  readonly #parts: OutgoingParts
  readonly #addresses: Addresses
  readonly #lookup: Lookup

  constructor(parts: OutgoingParts) {
    this.#parts = parts
    this.#addresses = new Addresses(parts.allowPrivate)
    this.#lookup = parts.lookup ?? nameLookup()
  }

  /** Never throws for what the other side does. */
  get(url: string, request: Omit<OutgoingRequest, 'body'> = {}): Promise<OutgoingOutcome> {
    return this.#call('GET', url, request)
  }

  /** Never throws for what the other side does. */
  post(url: string, request: OutgoingRequest): Promise<OutgoingOutcome> {
    return this.#call('POST', url, request)
  }

  async #call(method: 'GET' | 'POST', url: string, request: OutgoingRequest): Promise<OutgoingOutcome> {
    const signal = AbortSignal.timeout(request.timeout ?? TIMEOUT)
    const target = await this.#target(url, signal)
    if ('kind' in target) return target
    const { authorities } = this.#parts
    // Brought with the first call: most sites make none, and it takes 30 MB.
    const { Client } = await import('undici')
    // A connection of its own for each call: an old one could lead to an address that was judged by another's name.
    const client = new Client(target.url.origin, {
      connect: {
        lookup: onlyTo(target.addresses),
        timeout: 0,
        autoSelectFamily: true,
        ...(authorities === undefined ? {} : { ca: authorities }),
      },
      headersTimeout: 0,
      bodyTimeout: 0,
      pipelining: 0,
    })
    try {
      return await exchange(client, method, target.url, request, signal)
    } catch (error) {
      return failureOf(signal.aborted ? signal.reason : error, target.url.host)
    } finally {
      await client.destroy()
    }
  }

  /** The addresses that may be connected to, or why there is none. */
  async #target(text: string, signal: AbortSignal): Promise<Target | OutgoingFailure> {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return failure('url', 'The address is no https URL')
    if (url.username !== '' || url.password !== '') return failure('url', 'The address holds a user name or a password')
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
    let found: readonly string[]
    try {
      found = isIP(host) === 0 ? await within(this.#lookup(host, signal), signal) : [host]
    } catch (error) {
      if (signal.aborted) return failureOf(signal.reason, url.host)
      return failure('dns', `The name ${host} is not known (${codeOf(error)})`)
    }
    return this.#permitted(url, found)
  }

  #permitted(url: URL, found: readonly string[]): Target | OutgoingFailure {
    if (found.length === 0) return failure('dns', `The name ${url.hostname} has no address`)
    const judged = found.map((address) => ({ address, verdict: this.#addresses.judge(address) }))
    const reachable = judged.filter(({ verdict }) => verdict !== 'forbidden')
    if (reachable.length === 0)
      return failure('forbidden', `${url.host} is a private address; ANNEX_ALLOW_PRIVATE names those that may be called`)
    if (url.protocol === 'https:') return { url, addresses: reachable.map(({ address }) => address) }
    const allowed = reachable.filter(({ verdict }) => verdict === 'allowed')
    if (allowed.length === 0) return failure('url', `${url.host} must be called by https`)
    return { url, addresses: allowed.map(({ address }) => address) }
  }
}

/** In place of the look-up by name: what was checked is what is connected to, whatever the name says by now. */
function onlyTo(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
  return (_host, options, callback) => {
    const [first] = found
    if (options.all === true || first === undefined) callback(null, found)
    else callback(null, first.address, first.family)
  }
}

async function exchange(
  client: Client,
  method: 'GET' | 'POST',
  url: URL,
  request: OutgoingRequest,
  signal: AbortSignal,
): Promise<OutgoingOutcome> {
  const headers = { 'user-agent': 'Annex', ...request.headers }
  const path = url.pathname + url.search
  const answer = await client.request({ method, path, headers, body: request.body ?? null, signal })
  if (request.ignoresBody === true) {
    // It ends with the connection, which is none of our business any more.
    answer.body.on('error', () => {})
    return { kind: 'answer', status: answer.statusCode, headers: headersOf(answer.headers), body: new Uint8Array() }
  }
  const body = await readBody(answer.body, request.maxBytes ?? MAX_BYTES)
  if (body === undefined) return failure('too-large', `The answer of ${url.host} is larger than ${request.maxBytes ?? MAX_BYTES} bytes`)
  return { kind: 'answer', status: answer.statusCode, headers: headersOf(answer.headers), body }
}

/** Undefined when there is more than that. */
async function readBody(body: Dispatcher.ResponseData['body'], most: number): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > most) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function headersOf(received: Dispatcher.ResponseData['headers']): Headers {
  const headers = new Headers()
  for (const [name, values] of Object.entries(received)) for (const value of [values ?? []].flat()) headers.append(name, value)
  return headers
}

/** The promise, given up when the time is over. */
function within<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    promise.then(resolve, reject)
  })
}
