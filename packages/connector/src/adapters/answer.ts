import type { ServerResponse } from 'node:http'
import type { Connector } from '../connector.ts'

/** A request of node's, or of a framework on it. `originalUrl` is the path before a router cut it. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly originalUrl?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/**
 * What the connector answers to a request of node's; undefined for a path that is not its own.
 *
 * The origin is the app's configured one: the Host header is whatever a caller writes. No body is read, for nothing
 * here has one.
 */
export async function answerNode(connector: Connector, request: NodeRequest): Promise<Response | undefined> {
  const target = request.originalUrl ?? request.url ?? '/'
  if (!target.startsWith('/') || !URL.canParse(`${connector.origin}${target}`)) return undefined
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith(':')) continue
    for (const one of typeof value === 'string' ? [value] : (value ?? [])) headers.append(name, one)
  }
  return connector.handler(new Request(`${connector.origin}${target}`, { method: request.method ?? 'GET', headers }))
}

export async function writeResponse(response: ServerResponse, answer: Response): Promise<void> {
  const cookies = answer.headers.getSetCookie()
  const headers = [...answer.headers].filter(([name]) => name !== 'set-cookie')
  response.writeHead(answer.status, { ...Object.fromEntries(headers), ...(cookies.length > 0 ? { 'set-cookie': cookies } : {}) })
  response.end(Buffer.from(await answer.arrayBuffer()))
}
