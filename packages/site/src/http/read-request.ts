import { FrappeError, OAuthError } from '@annex/protocol'
import type { FastifyRequest } from 'fastify'
import type { Asked } from './answers.ts'
import type { Credentials } from './exchange.ts'
import { mergeArguments, parseBody, type RequestBody } from './request-body.ts'

const NO_BODY = Buffer.alloc(0)
const NO_COOKIES: Credentials['cookies'] = Object.freeze({})

/** A request, read to its end. */
export interface ReadRequest {
  readonly credentials: Credentials
  readonly query: URLSearchParams
  readonly body: RequestBody
}

/**
 * Reads a request's credentials and arguments, whoever sent it.
 *
 * @throws {FrappeError} {OAuthError} 400 for a body that is not what it says, a token outside the header, two credentials
 */
export function readRequest(request: FastifyRequest, isJsonByLook = false): ReadRequest {
  const { headers, ip } = request
  // HEAD is answered as a GET without its body, so nobody may tell it from one (RFC 9110 section 9.3.2).
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const mark = request.url.indexOf('?')
  const query = mark < 0 ? new URLSearchParams() : new URLSearchParams(request.url.slice(mark + 1))
  const body = parseBody(headers['content-type'], Buffer.isBuffer(request.body) ? request.body : NO_BODY, isJsonByLook)
  refuseTokenOutsideHeader(query, body.form)
  refuseRepeatedHeaders(request)
  const cookies = headers.cookie === undefined ? NO_COOKIES : request.server.parseCookie(headers.cookie)
  const args = mergeArguments(query, body)
  return { credentials: { headers, cookies, args, method, ip, path: pathOf(request.url, mark) }, query, body }
}

/** @see RFC 9700 section 4.3.2 */
function refuseTokenOutsideHeader(query: URLSearchParams, form: URLSearchParams | undefined): void {
  if (query.has('access_token') || form?.has('access_token') === true) {
    throw new OAuthError('invalid_request', 'Send the access token in the Authorization header, never in the address or the form')
  }
}

/**
 * Node keeps the first of two Host or Authorization headers and says nothing; a proxy in front may have judged the other.
 *
 * @see RFC 9112 section 3.2
 */
function refuseRepeatedHeaders({ raw: { rawHeaders } }: FastifyRequest): void {
  let hosts = 0
  let credentials = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 4) hosts += name.toLowerCase() === 'host' ? 1 : 0
    else if (name?.length === 13) credentials += name.toLowerCase() === 'authorization' ? 1 : 0
  }
  if (credentials > 1) throw new FrappeError('InvalidAuthorizationHeader', 'Send one Authorization header')
  if (hosts > 1) throw new FrappeError('ValidationError', 'Send one Host header', { status: 400 })
}

/** Clients of Frappe put a path behind a site's address that ends in a slash itself: it counts as beginning with one. */
export const withOneSlash = (url: string): string => (url.startsWith('//') ? url.replace(/^\/+/, '/') : url)

function pathOf(url: string, mark: number): string {
  const path = mark < 0 ? url : url.slice(0, mark)
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** What the sending of an error needs to know. */
export function askedBy(request: FastifyRequest): Asked {
  const api = request.url.startsWith('/api/v2/') ? 2 : 1
  return { method: request.method, route: request.routeOptions?.url, wantsPage: wantsPage(request), api }
}

/** Frappe's rule: JSON when it is asked for, or below `/api/` unless text is asked for first. */
export function wantsPage(request: FastifyRequest): boolean {
  const accept = request.headers.accept
  if (accept?.includes('application/json') === true || request.headers['x-requested-with'] === 'XMLHttpRequest') return false
  return !request.url.startsWith('/api/') || accept?.startsWith('text') === true
}
