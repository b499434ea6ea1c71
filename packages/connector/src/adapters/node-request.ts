import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Handles } from '../core/connector/handles.ts'
import { answer, EATEN } from './answer.ts'

/** A request of node's, or of a framework on it. `originalUrl` is the target before a router cut it. */
export type NodeRequest = IncomingMessage & { readonly originalUrl?: string }

/** What the connector answers to a request of node's; undefined for a path that is not its own. */
export function answerNode(connector: Handles, request: NodeRequest, response: ServerResponse): Promise<Response | undefined> {
  return answer(connector, {
    method: request.method ?? 'GET',
    target: request.originalUrl ?? request.url ?? '/',
    host: request.headers.host ?? request.headers[':authority']?.toString(),
    headers: () => headersOf(request),
    body: () => bodyOf(request),
    signal: () => goneSignal(response),
  })
}

function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  return gone.signal
}

function headersOf(request: NodeRequest): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith(':')) continue
    for (const one of typeof value === 'string' ? [value] : (value ?? [])) headers.append(name, one)
  }
  return headers
}

function bodyOf(request: NodeRequest): ReadableStream<Uint8Array> {
  if (request.readableDidRead) throw new Error(EATEN)
  return Readable.toWeb(request) as ReadableStream<Uint8Array>
}

export async function writeResponse(response: ServerResponse, answered: Response): Promise<void> {
  const cookies = answered.headers.getSetCookie()
  const headers = [...answered.headers].filter(([name]) => name !== 'set-cookie')
  response.writeHead(answered.status, { ...Object.fromEntries(headers), ...(cookies.length > 0 ? { 'set-cookie': cookies } : {}) })
  response.end(Buffer.from(await answered.arrayBuffer()))
}
