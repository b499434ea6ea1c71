import { randomUUID } from 'node:crypto'
import type { OutgoingHttpHeaders } from 'node:http'
import { FrappeError, OAuthError, concealed, encodeError, encodeV2Error } from '@annex/protocol'
import type { FastifyReply } from 'fastify'
import type { Logger } from 'pino'
import type { Answer, AnswerFile, Cookie } from './exchange.ts'

export interface AnswerOptions {
  readonly secureCookies: boolean
  readonly hsts: boolean
  /** The CSP source (`'sha256-…'`) of the one stylesheet that the pages carry. */
  readonly styleSource: string
  errorPage(status: number, message: string): string
  /** Tells a program whose 401 or 403 names no other challenge where to get a token (RFC 9728 section 5.1). */
  readonly challenge?: () => string
  readonly log: Logger
}

/** What the sending of an error needs to know of its request. */
export interface Asked {
  readonly method: string
  readonly route: string | undefined
  readonly wantsPage: boolean
  /** The version of Frappe's API whose errors the caller reads. */
  readonly api: 1 | 2
  readonly sessionExpired?: boolean
  readonly cookies?: readonly Cookie[]
}

type Headers = Readonly<Record<string, string>>

/** Turns answers and errors into responses. */
export class Answers {
  readonly #options: AnswerOptions
  /** Of every answer that is no page. */
  readonly jsonHeaders: Headers
  readonly #pageHeaders: Headers
  /** Of pages whose forms may end in a redirect to another site, which form-action would forbid. */
  readonly #leavingPageHeaders: Headers

  constructor(options: AnswerOptions) {
    this.#options = options
    const always = {
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      // With no-referrer, browsers post the pages' own forms with `Origin: null`.
      'referrer-policy': 'same-origin',
      ...(options.hsts ? { 'strict-transport-security': 'max-age=31536000; includeSubDomains' } : {}),
    }
    this.jsonHeaders = {
      ...always,
      'content-type': 'application/json',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    }
    const policy = `default-src 'none'; style-src ${options.styleSource}; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'`
    this.#leavingPageHeaders = { ...always, 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy }
    this.#pageHeaders = { ...this.#leavingPageHeaders, 'content-security-policy': `${policy}; form-action 'self'` }
  }

  /** Sends an answer with the caller's cookies; of two cookies of one name the answer's own counts. */
  send(reply: FastifyReply, answer: Answer, cookies: readonly Cookie[] = NO_COOKIES): FastifyReply {
    if (isJsonAlone(answer) && cookies.length === 0) return this.#sendJson(reply, answer)
    const page = answer.page !== undefined
    reply
      .status(answer.status ?? (answer.location === undefined ? 200 : 303))
      .headers(page ? this.#headersOfPage(answer) : this.jsonHeaders)
    if (answer.file) reply.headers(fileHeaders(answer.file))
    if (answer.location !== undefined) reply.header('location', answer.location)
    if (answer.headers) reply.headers(answer.headers)
    this.#setCookies(reply, [...cookies, ...(answer.cookies ?? [])])
    if (page) return reply.send(answer.page)
    if (answer.file) return reply.send(answer.file.bytes)
    // With a serializer of one's own Fastify adds no charset to JSON text; Frappe sends none. Text leaves in one write with its head.
    if (answer.json !== undefined) return reply.serializer(itself).send(JSON.stringify(answer.json))
    return reply.removeHeader('content-type').send()
  }

  /**
   * What most requests are answered with goes past Fastify, which takes headers one by one and asks of each body what it may be. What was
   * said of the reply before (CORS) goes along, and what was said to Node (a connection that is closed).
   */
  #sendJson(reply: FastifyReply, { status = 200, headers, json }: Answer): FastifyReply {
    const text = JSON.stringify(json)
    const said = reply.getHeaders() as OutgoingHttpHeaders
    reply.raw.writeHead(status, { ...said, ...this.jsonHeaders, ...headers, 'content-length': Buffer.byteLength(text) })
    reply.hijack()
    reply.raw.end(text)
    return reply
  }

  #headersOfPage({ formsLeave = false }: Answer): Headers {
    return formsLeave ? this.#leavingPageHeaders : this.#pageHeaders
  }

  #setCookies(reply: FastifyReply, cookies: readonly Cookie[]): void {
    if (cookies.length === 0) return
    const byName = new Map(cookies.map((cookie) => [cookie.name, cookie]))
    reply.header(
      'set-cookie',
      [...byName.values()].map((cookie) => this.#serialize(reply, cookie)),
    )
  }

  #serialize(reply: FastifyReply, cookie: Cookie): string {
    const expires = cookie.maxAge <= 0 ? { expires: new Date(0) } : {}
    const attributes = {
      path: '/',
      encode: encodeURIComponent,
      maxAge: cookie.maxAge,
      httpOnly: cookie.httpOnly,
      sameSite: 'lax',
      secure: this.#options.secureCookies,
      ...expires,
    } as const
    return reply.server.serializeCookie(cookie.name, cookie.value, attributes)
  }

  /** Encodes what was thrown: the one place where an error becomes a response. */
  sendError(reply: FastifyReply, error: unknown, asked: Asked): FastifyReply {
    if (error instanceof OAuthError) return this.send(reply, oauthAnswer(error), asked.cookies)
    const known = error instanceof FrappeError ? error : (ofFramework(error) ?? this.#fault(error, asked))
    const headers = this.#headersOf(known)
    if (asked.wantsPage) {
      return this.send(
        reply,
        { status: known.status, ...headers, page: this.#options.errorPage(known.status, concealed(known.message)) },
        asked.cookies,
      )
    }
    const encode = asked.api === 2 ? encodeV2Error : encodeError
    const expired = asked.sessionExpired === true && known.status === 403 ? { session_expired: 1 } : {}
    return this.send(reply, { status: known.status, ...headers, json: withoutSecrets({ ...expired, ...encode(known) }) }, asked.cookies)
  }

  #headersOf({ status, options }: FrappeError): Pick<Answer, 'headers'> {
    const { challenge } = this.#options
    if (challenge === undefined || (status !== 401 && status !== 403)) return options.headers ? { headers: options.headers } : {}
    return { headers: { 'www-authenticate': challenge(), ...options.headers } }
  }

  #fault(error: unknown, asked: Asked): FrappeError {
    const incident = randomUUID()
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
    this.#options.log.error(
      { incident, method: asked.method, route: asked.route, error: { name, message: concealed(message), stack: concealed(stack ?? '') } },
      'a request met a fault of ours',
    )
    return new FrappeError('InternalServerError', `Something went wrong on this site; tell its administrator the incident ${incident}`, {
      status: 500,
    })
  }
}

/**
 * A file is shown in a sandbox of its own, where no script runs and nothing of this site can be read.
 *
 * @see RFC 6266 section 4.3 and RFC 8187: the name in ASCII for old clients, and as it is for all others
 */
function fileHeaders({ filename, contentType, disposition }: AnswerFile): Headers {
  const plain = filename.replaceAll(/[^ -~]|["\\%]/g, '_')
  const whole = encodeURIComponent(filename.toWellFormed()).replaceAll(
    /['()*]/g,
    (sign) => `%${sign.codePointAt(0)?.toString(16).toUpperCase()}`,
  )
  return {
    'content-type': contentType,
    'content-disposition': `${disposition}; filename="${plain}"; filename*=UTF-8''${whole}`,
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; sandbox; frame-ancestors 'none'",
  }
}

const NO_COOKIES: readonly Cookie[] = []

const isJsonAlone = ({ json, page, file, location, cookies }: Answer): boolean =>
  json !== undefined && page === undefined && file === undefined && location === undefined && cookies === undefined

const itself = (text: unknown): string => String(text)

/** @see RFC 6749 section 5.2 */
function oauthAnswer(error: OAuthError): Answer {
  const scope = error.options.scope === undefined ? {} : { scope: error.options.scope }
  return {
    status: error.status,
    headers: { pragma: 'no-cache', ...error.options.headers },
    json: withoutSecrets({ error: error.code, error_description: error.message, ...scope }),
  }
}

/** An error repeats names that were sent: whoever sends a token for a name finds it in no answer, and in no log of answers. */
const withoutSecrets = (body: object): unknown => JSON.parse(concealed(JSON.stringify(body)))

const NAMES: Readonly<Record<number, readonly [string, string]>> = {
  400: ['ValidationError', 'The request cannot be read; check its address and its body'],
  413: ['RequestTooLargeError', 'The body is too large; send less at once'],
  414: ['ValidationError', 'The address is too long; names have at most 140 characters'],
  415: ['UnsupportedMediaType', 'The Content-Type header cannot be read; send application/json or a form'],
}

/** What the HTTP framework refused before a handler saw it. */
function ofFramework(error: unknown): FrappeError | undefined {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
  if (!(status >= 400 && status < 500)) return undefined
  const [name, sentence] = NAMES[status] ?? ['ValidationError', 'The request cannot be read; check its address, its headers and its body']
  return new FrappeError(name, sentence, { status })
}
