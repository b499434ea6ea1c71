import { readHeader, type HeadersOf } from '../sign-in/cookies.ts'
import type { Session } from '../sign-in/sessions.ts'
import type { ScriptParts } from './script-tokens.ts'

/** A request of a script: a `Request`, or that of node, Express or Fastify. */
export type ScriptRequest = HeadersOf & { readonly method?: string | undefined }

/** Scripts of the site's own pages (Client Scripts of an ERPNext) that call this app. */
export interface Scripts {
  /**
   * The answer to a browser's question whether a script may call: 204 for the site's origin, 403 for any other;
   * undefined for what is no such question. Credentials are never allowed.
   *
   * @see https://fetch.spec.whatwg.org/#http-cors-protocol
   */
  preflight(request: ScriptRequest): Response | undefined
  /** Who calls: a script of the site's origin with a token that was handed to that origin. Undefined is nobody: answer 401, with `headers`. */
  caller(request: ScriptRequest): Promise<Session | undefined>
  /** To be put on every answer to a script, errors included. They let the site's origin read it, and no other. */
  headers(request: ScriptRequest): Readonly<Record<string, string>>
}

/** Seconds in which a browser need not ask again. */
const PREFLIGHT_AGE = '600'
const METHODS = 'GET, POST, PUT, PATCH, DELETE'
const SENT = 'authorization, content-type'

/** Scripts of one site: its origin alone, to the letter; never its twin on http, another port, or a page without an origin. */
export class SiteScripts implements Scripts {
  readonly #parts: ScriptParts
  readonly #origin: string

  constructor(parts: ScriptParts) {
    this.#parts = parts
    this.#origin = new URL(parts.issuer).origin
  }

  preflight(request: ScriptRequest): Response | undefined {
    const isQuestion = request.method === 'OPTIONS' && readHeader(request, 'access-control-request-method') !== undefined
    if (!isQuestion || readHeader(request, 'origin') === undefined) return undefined
    const headers = this.headers(request)
    if (!this.#isSite(request)) return new Response(null, { status: 403, headers })
    const allowed = {
      'access-control-allow-methods': METHODS,
      'access-control-allow-headers': SENT,
      'access-control-max-age': PREFLIGHT_AGE,
    }
    return new Response(null, { status: 204, headers: { ...headers, ...allowed } })
  }

  async caller(request: ScriptRequest): Promise<Session | undefined> {
    const [, token] = /^Bearer +(\S+)$/i.exec(readHeader(request, 'authorization') ?? '') ?? []
    if (token === undefined || !this.#isSite(request)) return undefined
    const { readScriptToken } = await import('./script-tokens.ts')
    return readScriptToken(token, this.#parts)
  }

  /** An answer to another origin is a different one, and a cache has to know. */
  headers(request: ScriptRequest): Readonly<Record<string, string>> {
    return this.#isSite(request) ? { 'access-control-allow-origin': this.#origin, vary: 'Origin' } : { vary: 'Origin' }
  }

  #isSite(request: ScriptRequest): boolean {
    return readHeader(request, 'origin') === this.#origin
  }
}
