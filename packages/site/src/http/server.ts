import { FrappeError, OAuthError } from '@annex/protocol'
import { fastifyCookie } from '@fastify/cookie'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Answers, type AnswerOptions, type Asked } from './answers.ts'
import { CrossOrigin, type CrossOriginRules } from './cross-origin.ts'
import { checkCrossSite, type CsrfRule } from './cross-site.ts'
import type { Answer, Authenticated, Authenticator, Credentials, Exchange, Handler } from './exchange.ts'
import { askedBy, readRequest, wantsPage, type ReadRequest } from './read-request.ts'
import { checkText } from './request-body.ts'
import { refuseUnreadable } from './unreadable-request.ts'

export interface ServerOptions<C> extends AnswerOptions {
  /** The caller when nobody is known. */
  readonly guest: C
  /** Asked in this order; the first that knows the caller decides. */
  readonly authenticators: readonly Authenticator<C>[]
  /** The site's own origin; asked at each request, because a free port is known only once it is bound. */
  issuer(): string
  /** Addresses and ranges whose `X-Forwarded-For` counts. */
  readonly trustedProxies: readonly string[]
  /** Runs each handler: what surrounds it knows who is calling. */
  readonly around?: (exchange: Exchange<C>, run: () => Promise<Answer>) => Promise<Answer>
  /** Judges a request by its Authorization header before its body is read, and may refuse it. */
  readonly gate?: (authorization: string | undefined) => void
  /** Whose scripts may call from other origins; absent = nobody's. */
  readonly crossOrigin?: CrossOriginRules
  /** Bytes; 25 MiB by default, as in Frappe. */
  readonly bodyLimit?: number
}

const SAME_ORIGIN_ONLY: CrossOriginRules = { allows: async () => false, isPublic: () => false }

export interface RouteOptions {
  readonly csrf?: CsrfRule
  /** `none`: the caller is the guest and the handler reads the Authorization header itself (client authentication of OAuth). */
  readonly authenticate?: 'none'
  /** `oauth`: what cannot be read is refused in the RFC's words, `invalid_request`, and not in Frappe's. */
  readonly refusals?: 'oauth'
  /**
   * The origins whose scripts may read the answer, by whom the request names as its caller. Absent = whom the site's own rules let in.
   */
  readonly scripts?: (request: Pick<Exchange<unknown>, 'headers' | 'form' | 'json'>) => Promise<readonly string[]>
  /** Whether a body that looks like a JSON object is one, whatever its media type says. */
  readonly jsonByLook?: true
  /** Bytes, where the server's own limit is too generous for whoever has not signed in yet. */
  readonly bodyLimit?: number
  /** The name by which the argument `cmd` reaches this route from other addresses; `*` takes the names that no other route has. */
  readonly command?: string
  /**
   * Whether `cmd` makes a request to this route a call of the command it names: wherever it stands, or (`query`) in the
   * query alone, where the body is a document whose fields are its writer's. At addresses without a route it always does.
   */
  readonly takesCommands?: 'anywhere' | 'query'
}

/** A site's front: what is registered here is answered, everything else is 404 or 405. */
export interface HttpServer<C> {
  /** Path parts: `:name`, and `*` at the end for the rest, slashes included. A trailing slash of the request is ignored. */
  route(methods: string | readonly string[], path: string, handler: Handler<C>, options?: RouteOptions): void
  /** Port 0 takes any free one; the port that was bound comes back. Register all routes before. */
  listen(port: number, host: string): Promise<number>
  /** Lets requests under way end, takes no new ones. */
  close(): Promise<void>
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
const MAX_NAME = 2000
/** How long requests under way may take to end when the server closes, in milliseconds. */
const PATIENCE = 5000

export function createServer<C>(options: ServerOptions<C>): HttpServer<C> {
  const server = new Server(options)
  return {
    route: (methods, path, handler, routeOptions) => server.route(methods, path, handler, routeOptions),
    listen: (port, host) => server.listen(port, host),
    close: () => server.close(),
  }
}

/** No route has a schema: each handler judges what it is sent. The compilers that Fastify brings would be loaded for nothing. */
const noSchemas = (): never => {
  throw new Error('A route of this server has no schema')
}
const WITHOUT_SCHEMAS = { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } }

interface Route<C> {
  readonly methods: readonly string[]
  readonly handler: Handler<C>
  readonly options: RouteOptions
}

class Server<C> {
  readonly #options: ServerOptions<C>
  readonly #answers: Answers
  readonly #crossOrigin: CrossOrigin
  readonly #fastify: FastifyInstance
  readonly #registered = new Map<string, Set<string>>()
  /** Addresses some of whose methods take commands: so do the methods that nothing else answers. */
  readonly #open = new Set<string>()
  readonly #commands = new Map<string, Route<C>>()
  /** Methods and addresses where it is for the request itself to say whose scripts may read the answer. */
  readonly #named = new Set<string>()

  constructor(options: ServerOptions<C>) {
    this.#options = options
    this.#answers = new Answers(options)
    this.#crossOrigin = new CrossOrigin(options.crossOrigin ?? SAME_ORIGIN_ONLY, () => options.issuer())
    this.#fastify = Fastify({
      logger: false,
      // One that came in time is answered, and its connection closed.
      return503OnClosing: false,
      bodyLimit: options.bodyLimit ?? 25 * 1024 * 1024,
      trustProxy: options.trustedProxies.length > 0 ? [...options.trustedProxies] : false,
      schemaController: WITHOUT_SCHEMAS,
      // The query is read once, where the body is.
      routerOptions: { maxParamLength: MAX_NAME, ignoreTrailingSlash: true, querystringParser: () => UNREAD },
      clientErrorHandler: (error, socket) => refuseUnreadable(error, socket, this.#answers.jsonHeaders),
      frameworkErrors: (error, request, reply) => void this.#answers.sendError(reply, error, askedBy(request)),
    })
    this.#prepare()
  }

  #prepare(): void {
    const fastify = this.#fastify
    // Old connectors send the arguments of a GET in its body.
    fastify.addHttpMethod('GET', { hasBody: true, overrideExisting: true })
    // Without its hook: cookies are parsed where they are read.
    fastify.register(fastifyCookie, { hook: false })
    fastify.removeAllContentTypeParsers()
    fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes))
    fastify.setErrorHandler((error, request, reply) => this.#answers.sendError(reply, error, askedBy(request)))
    fastify.setNotFoundHandler((request, reply) => this.#serve(request, reply, refusing(NOTHING_HERE)))
    fastify.options('*', (request, reply) => this.#answerOptions(request, reply))
    fastify.addHook('onRequest', (request, reply, done) => this.#begin(request, reply, done))
    // Node would hang up without a word.
    fastify.server.on('connect', (_request, socket) => refuseUnreadable(new Error('CONNECT'), socket, this.#answers.jsonHeaders))
    // Node would answer 417 without a body; an expectation may be passed over (RFC 9110 section 10.1.1).
    fastify.server.on('checkExpectation', (request, response) => fastify.server.emit('request', request, response))
    if (this.#options.log.isLevelEnabled('debug')) this.#logAnswers()
  }

  #logAnswers(): void {
    this.#fastify.addHook('onResponse', (request, reply, done) => {
      const facts = { method: request.method, route: request.routeOptions.url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }
      this.#options.log.debug(facts, 'answered')
      done()
    })
  }

  async #answerOptions(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const headers = await this.#crossOrigin.preflight(request)
    return this.#answers.send(reply, headers ? { status: 204, headers } : {})
  }

  /** Before the body is read: whose scripts may read the answer, and who is sent away at once. */
  #begin(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
    const gate = (): void => {
      try {
        this.#options.gate?.(request.headers.authorization)
      } catch (error) {
        return done(error instanceof Error ? error : new Error(String(error)))
      }
      done()
    }
    const origin = this.#crossOrigin.foreign(request)
    if (origin === undefined || this.#named.has(`${request.method} ${request.routeOptions.url}`)) return gate()
    this.#crossOrigin.open(origin, reply).then(gate, done)
  }

  route(methods: string | readonly string[], path: string, handler: Handler<C>, options: RouteOptions = {}): void {
    const list = typeof methods === 'string' ? [methods] : [...methods]
    const registered = this.#registered.get(path) ?? new Set()
    for (const method of list) registered.add(method)
    this.#registered.set(path, registered)
    const route: Route<C> = { methods: list, handler, options }
    if (options.command !== undefined) this.#commands.set(options.command, route)
    if (options.takesCommands === 'anywhere') this.#open.add(path)
    if (options.scripts) for (const method of list) this.#named.add(`${method} ${path}`)
    this.#fastify.route({
      method: list,
      url: path,
      ...(options.bodyLimit === undefined ? {} : { bodyLimit: options.bodyLimit }),
      errorHandler: (error, request, reply) => void this.#answers.sendError(reply, refusalFor(options, error), askedBy(request)),
      handler: (request, reply) => this.#serve(request, reply, route),
    })
  }

  async listen(port: number, host: string): Promise<number> {
    for (const [path, registered] of this.#registered) this.#refuseOthers(path, registered)
    await this.#fastify.listen({ port, host })
    const address = this.#fastify.server.address()
    return typeof address === 'object' && address !== null ? address.port : port
  }

  async close(): Promise<void> {
    // A caller who never ends a request must not keep the site from stopping.
    const patience = setTimeout(() => this.#fastify.server.closeAllConnections(), PATIENCE)
    await this.#fastify.close()
    clearTimeout(patience)
  }

  #refuseOthers(path: string, registered: ReadonlySet<string>): void {
    const others = METHODS.filter((method) => !registered.has(method))
    if (others.length === 0) return
    const error = wrongMethod([...registered])
    // HEAD comes with GET; without one it must be refused by hand.
    const exposeHeadRoute = !registered.has('HEAD') && others.includes('GET')
    this.#fastify.route({
      method: others,
      url: path,
      exposeHeadRoute,
      handler: (request, reply) =>
        this.#open.has(path) ? this.#serve(request, reply, refusing(error)) : this.#answers.sendError(reply, error, askedBy(request)),
    })
  }

  /** One request from its first byte to its answer; the only catch on the way. */
  async #serve(request: FastifyRequest, reply: FastifyReply, addressed: Route<C>): Promise<FastifyReply> {
    let command: string | undefined
    let known: Authenticated<C> | undefined
    let leave: (() => void) | undefined
    try {
      const whole = readRequest(request, addressed.options.jsonByLook)
      const origin = this.#crossOrigin.foreign(request)
      const read = origin === undefined ? whole : await this.#readFrom(origin, reply, whole, addressed.options)
      const { credentials } = read
      command = commandIn(read, addressed.options)
      const { handler, options } = command === undefined ? addressed : this.#commandRoute(command, credentials.method)
      known = options.authenticate === 'none' ? { caller: this.#options.guest } : await this.#identify(credentials)
      if (origin !== undefined) this.#crossOrigin.hold(origin, reply, known.origins)
      this.#checkCrossSite(credentials, known, options.csrf)
      // What is there at once is not waited for, here and below: each wait costs about as much as a check.
      const entered = known.enter?.()
      leave = entered instanceof Promise ? await entered : entered
      // Who calls by `cmd` is a program, whatever its Accept header says.
      const exchange = exchangeOf(request, read, known, command === undefined && wantsPage(request), command)
      const { around } = this.#options
      const answer = await (around ? around(exchange, () => handler(exchange)) : handler(exchange))
      return this.#answers.send(reply, answer, known.cookies)
    } catch (error) {
      return this.#answers.sendError(reply, refusalFor(addressed.options, error), askedAs(request, command, known))
    } finally {
      leave?.()
    }
  }

  /** What a script of another origin sent: whether it may read the answer is known once its request names the app that it is of. */
  async #readFrom(origin: string, reply: FastifyReply, read: ReadRequest, { scripts }: RouteOptions): Promise<ReadRequest> {
    if (scripts) this.#crossOrigin.openTo(origin, reply, await scripts({ headers: read.credentials.headers, ...read.body }))
    return this.#crossOrigin.isOpen(reply) ? withoutCookies(read) : read
  }

  /** A command is answered by the route that its name stands for, under that route's own rules. */
  #commandRoute(command: string, method: string): Route<C> {
    const route = this.#commands.get(command) ?? this.#commands.get('*')
    if (!route) throw NOTHING_HERE
    if (!route.methods.includes(method)) throw wrongMethod(route.methods)
    return route
  }

  async #identify(credentials: Credentials): Promise<Authenticated<C>> {
    for (const authenticator of this.#options.authenticators) {
      const known = await authenticator(credentials)
      if (known) return known
    }
    if (credentials.headers['authorization'] === undefined) return { caller: this.#options.guest }
    throw new FrappeError(
      'AuthenticationError',
      'The Authorization header is not understood; send "Bearer <token>" or "token <key>:<secret>"',
      { headers: { 'www-authenticate': this.#options.challenge?.() ?? 'Bearer' } },
    )
  }

  #checkCrossSite(credentials: Credentials, known: Authenticated<C>, rule: CsrfRule | undefined): void {
    if (known.csrf === undefined && rule === undefined) return
    const sent = credentials.headers['x-frappe-csrf-token'] ?? credentials.args['csrf_token']
    checkCrossSite({
      method: credentials.method,
      headers: credentials.headers,
      sent: typeof sent === 'string' ? sent : undefined,
      expected: known.csrf,
      rule,
      origin: this.#options.issuer(),
    })
  }
}

/** What the sending of an error needs to know, of whoever was found to call. */
function askedAs(request: FastifyRequest, command: string | undefined, known: Authenticated<unknown> | undefined): Asked {
  const asked = askedBy(request)
  const cookies = known?.cookies ? { cookies: known.cookies } : {}
  return { ...asked, ...cookies, wantsPage: command === undefined && asked.wantsPage, sessionExpired: known?.sessionExpired === true }
}

/** A script of another origin is known by what it shows itself, never by what its browser adds. */
const withoutCookies = (read: ReadRequest): ReadRequest => ({ ...read, credentials: { ...read.credentials, cookies: {} } })

/** A request that cannot be read, in the words of the route's clients (RFC 6749 section 5.2). */
function refusalFor({ refusals }: RouteOptions, error: unknown): unknown {
  if (refusals !== 'oauth' || !(error instanceof Error)) return error
  const status = error instanceof FrappeError ? error.status : 'statusCode' in error ? Number(error.statusCode) : 500
  if (![400, 413, 415, 417].includes(status)) return error
  const sentence = error instanceof FrappeError ? error.message : 'The body is too large or cannot be read'
  return new OAuthError('invalid_request', sentence, { status: status === 413 ? 413 : 400 })
}

function wrongMethod(methods: readonly string[]): FrappeError {
  const allow = methods.join(', ')
  return new FrappeError('MethodNotAllowedError', `This address takes ${allow}`, { headers: { allow } })
}

/** What answers where no route does: only a command can be meant. Nobody is asked who they are before it is refused. */
function refusing<C>(error: FrappeError): Route<C> {
  return { methods: [], handler: () => Promise.reject(error), options: { authenticate: 'none', takesCommands: 'anywhere' } }
}

/** The command that a request names, where its address lets it. */
function commandIn({ credentials, query }: ReadRequest, { takesCommands }: RouteOptions): string | undefined {
  if (takesCommands === undefined) return undefined
  const command = takesCommands === 'query' ? query.get('cmd') : credentials.args['cmd']
  return typeof command === 'string' && command !== '' ? command : undefined
}

const NOTHING_HERE = new FrappeError('DoesNotExistError', 'There is nothing at this address; check its spelling')

/** Arguments that are the transport's own and never a method's: jQuery's cache buster, and what 1.2 takes out. */
const TRANSPORT = new Set(['_', 'csrf_token', 'sid'])

const NO_FILES: Exchange<unknown>['files'] = new Map()
const UNREAD = Object.freeze({})

function exchangeOf<C>(
  request: FastifyRequest,
  read: ReadRequest,
  known: Authenticated<C>,
  isForPage: boolean,
  command: string | undefined,
): Exchange<C> {
  const params = command === undefined ? (request.params as Readonly<Record<string, string>>) : { method: command }
  for (const name in params) checkText(params[name] ?? '')
  const { credentials, query, body } = read
  const { method, path, headers, cookies, ip } = credentials
  const args = argumentsMeant(credentials.args, command)
  const whole = {
    method,
    path,
    params,
    query,
    files: body.files ?? NO_FILES,
    args,
    headers,
    cookies,
    ip,
    caller: known.caller,
    wantsPage: isForPage,
  }
  if (body.form === undefined && body.json === undefined && known.csrf === undefined) return whole
  const { form, json } = body
  return {
    ...whole,
    ...(form === undefined ? {} : { form }),
    ...(json === undefined ? {} : { json }),
    ...(known.csrf === undefined ? {} : { csrf: known.csrf }),
  }
}

/** Without what is the transport's own. */
function argumentsMeant(args: Exchange<unknown>['args'], command: string | undefined): Exchange<unknown>['args'] {
  const isMeant = (name: string): boolean => !TRANSPORT.has(name) && (name !== 'cmd' || command === undefined)
  const names = Object.keys(args)
  return names.every(isMeant) ? args : Object.fromEntries(names.filter(isMeant).map((name) => [name, args[name]]))
}
