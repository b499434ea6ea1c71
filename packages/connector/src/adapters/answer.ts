import type { Handles } from '../core/connector/handles.ts'
import { leadsTo } from '../core/connector/answering/routes.ts'
import { readBody } from '../core/connector/answering/read-body.ts'

/** A request as it came in, before anything of it is believed. */
export interface Arriving {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly host: string | undefined
  readonly headers: () => Headers
  /** Unread, and opened only for a route that wants it. @throws {Error} when somebody has read it before */
  readonly body: () => ReadableStream<Uint8Array> | null
  /** Aborts when the caller has gone. */
  readonly signal: () => AbortSignal
}

/** What the connector answers; undefined for a path that is not its own, at the cost of a look at the path. */
export async function answer(connector: Handles, arriving: Arriving): Promise<Response | undefined> {
  const { method, target, host } = arriving
  const address = connector.addressOf(target, host)
  // No `Request` carries these, so no path here has them.
  if (address === undefined || ['CONNECT', 'TRACE', 'TRACK'].includes(method)) return undefined
  const { pathname } = new URL(address)
  const routes = connector.routes.filter((route) => leadsTo(route.path, pathname))
  if (routes.length === 0) return undefined
  const stream = routes.some((route) => route.body && route.method === method) ? arriving.body() : null
  const [headers, signal] = [arriving.headers(), arriving.signal()]
  try {
    if (stream === null) return await connector.handler(new Request(address, { method, headers, signal }))
    const bytes = await readBody(headers, stream)
    // What is left of it is not waited for.
    if (bytes === undefined) return new Response('The body is larger than 1 MB', { status: 413, headers: { connection: 'close' } })
    return await connector.handler(new Request(address, { method, headers, signal, body: bytes }))
  } catch (error) {
    // A caller who has gone is no failure of the app; this answer reaches nobody.
    if (signal.aborted) return new Response(null, { status: 499 })
    throw error
  }
}

export const EATEN =
  'The body was read before it came to the connector, which has to check its bytes: mount the connector before body parsers'

/** The same for a runtime that speaks `Request` itself. */
export function answerRequest(connector: Handles, request: Request): Promise<Response | undefined> {
  const { pathname, search, host } = new URL(request.url)
  const body = () => {
    if (request.bodyUsed) throw new Error(EATEN)
    return request.body
  }
  const { method, headers, signal } = request
  return answer(connector, {
    method,
    target: pathname + search,
    host: headers.get('host') ?? host,
    headers: () => headers,
    body,
    signal: () => signal,
  })
}
