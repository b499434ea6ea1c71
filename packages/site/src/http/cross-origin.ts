import { FrappeError } from '@annex/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Whose scripts may read what a site answers. */
export interface CrossOriginRules {
  /** Whether scripts of the origin may call this site at all. */
  allows(origin: string): Promise<boolean>
  /** Whether what stands at the path is for everybody: a document that says the same to all. */
  isPublic(path: string): boolean
}

const ALLOW = 'access-control-allow-origin'
/** What browsers let no script send unless it is named. */
const SENT = 'authorization, content-type, accept, x-requested-with, x-frappe-site-name, mcp-protocol-version'
/** What browsers let no script read unless it is named. */
const EXPOSED = 'www-authenticate, retry-after, x-annex-incident'
/** Seconds in which a browser need not ask again. */
const PREFLIGHT_AGE = '600'

/**
 * Answers scripts of other origins: those that the rules allow may read answers, and nothing is sent or taken there that
 * a browser adds by itself: no cookie counts, and `access-control-allow-credentials` is never said.
 *
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export class CrossOrigin {
  readonly #rules: CrossOriginRules
  readonly #issuer: () => string

  constructor(rules: CrossOriginRules, issuer: () => string) {
    this.#rules = rules
    this.#issuer = issuer
  }

  /** The other origin that a request comes from; undefined for the site's own pages, and for programs. */
  foreign(request: FastifyRequest): string | undefined {
    const { origin } = request.headers
    return origin === undefined || origin === this.#issuer() ? undefined : origin
  }

  /** Lets the script that sent the request read the answer, an error too, when its origin is allowed. */
  async open(origin: string, reply: FastifyReply): Promise<void> {
    this.openTo(origin, reply, (await this.#rules.allows(origin)) ? [origin] : [])
  }

  /** The same where it is known whose scripts may. */
  openTo(origin: string, reply: FastifyReply, origins: readonly string[]): void {
    reply.header('vary', 'Origin')
    if (origins.includes(origin)) reply.headers({ [ALLOW]: origin, 'access-control-expose-headers': EXPOSED })
    // A command's own route may let in fewer than the address it was sent to.
    else reply.removeHeader(ALLOW)
  }

  /** Whether scripts of the request's origin may read the answer; then no cookie of the request counts. */
  isOpen(reply: FastifyReply): boolean {
    return reply.hasHeader(ALLOW)
  }

  /**
   * Holds a caller who comes from another origin to those that its own app is used from. An app that names none has no scripts of its own: its callers are
   * programs, which may say any origin, but not one whose scripts are let in for another app.
   *
   * @throws {FrappeError} `PermissionError` (403), which the script cannot read, for another one
   */
  hold(origin: string, reply: FastifyReply, origins: (() => readonly string[]) | undefined): void {
    const own = origins?.()
    if (!own || own.includes(origin)) return
    if (own.length === 0 && !this.isOpen(reply)) return
    reply.removeHeader(ALLOW)
    throw new FrappeError(
      'PermissionError',
      `Scripts of ${origin.slice(0, 200)} may not call with this app's token; the Allowed Origins of the app say whose may`,
    )
  }

  /** The headers that answer a browser's question whether a script may call; none for one that may not, and for other OPTIONS requests. */
  async preflight(request: FastifyRequest): Promise<Readonly<Record<string, string>> | undefined> {
    const { origin, 'access-control-request-method': method } = request.headers
    if (origin === undefined || method === undefined) return undefined
    const path = request.url.split('?', 1)[0] ?? ''
    const isPublic = this.#rules.isPublic(path)
    if (!isPublic && !(await this.#rules.allows(origin))) return undefined
    return {
      [ALLOW]: isPublic ? '*' : origin,
      'access-control-allow-methods': isPublic ? 'GET' : 'GET, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': SENT,
      'access-control-max-age': PREFLIGHT_AGE,
    }
  }
}
