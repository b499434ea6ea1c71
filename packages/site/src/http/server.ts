import { FrappeError, isPending } from '@annex/protocol'
import { fastifyCookie } from '@fastify/cookie'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Answers, type AnswerOptions, type Asked } from './answers.ts'
import { limitConnections } from './connections/limit-connections.ts'
import { limitPipelining } from './connections/limit-pipelining.ts'
import { CrossOrigin, type CrossOriginRules } from './cross-origin.ts'
import { checkCrossSite, type CsrfRule } from './cross-site.ts'
import type { Answer, Authenticated, Authenticator, Credentials, Exchange, Handler } from './exchange.ts'
import { askedBy, readRequest, wantsPage, withOneSlash, type ReadRequest } from './read-request.ts'
import { exchangeOf } from './routes/exchange-of.ts'
import { NOTHING_HERE, checkBody, commandIn, refusalFor, refusing, wrongMethod, type Route, type RouteOptions } from './routes/route.ts'
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

const UNREAD = Object.freeze({})
const SAME_ORIGIN_ONLY: CrossOriginRules = { allows: async () => false, isPublic: () => false }

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
/** How long a request may take to arrive, in milliseconds. Fastify would wait for ever, and hold what came so far. */
const LONGEST_ARRIVAL = 300_000
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

class Server<C> {
  readonly #options: ServerOptions<C>
  readonly #answers: Answers
  readonly #crossOrigin: CrossOrigin
  readonly #fastify: FastifyInstance
  readonly #registered = new Map<string, Set<string>>()
  /** Addresses some of whose methods take commands: so do the methods that nothing else answers. */
  readonly #open = new Set<string>()
  /** By name, what answers a command: one route for each set of methods. */
  readonly #commands = new Map<string, Route<C>[]>()
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
      requestTimeout: LONGEST_ARRIVAL,
      bodyLimit: options.bodyLimit ?? 25 * 1024 * 1024,
      trustProxy: options.trustedProxies.length > 0 ? [...options.trustedProxies] : false,
      schemaController: WITHOUT_SCHEMAS,
      rewriteUrl: ({ url = '/' }) => withOneSlash(url),
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
    limitConnections(fastify.server)
    limitPipelining(fastify.server)
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
    if (options.command !== undefined) this.#commands.set(options.command, [...(this.#commands.get(options.command) ?? []), route])
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
    let route = addressed
    try {
      const whole = readRequest(request, addressed.options.jsonByLook)
      command = commandIn(whole, addressed.options)
      if (command !== undefined) route = this.#commandRoute(command, whole.credentials.method)
      const { handler, options } = route
      checkBody(options, request.body, whole.body)
      const origin = this.#crossOrigin.foreign(request)
      const read = origin === undefined ? whole : await this.#readFrom(origin, reply, whole, options)
      const { credentials } = read
      known = options.authenticate === 'none' ? { caller: this.#options.guest } : await this.#identify(credentials)
      if (origin !== undefined) this.#crossOrigin.hold(origin, reply, known.origins)
      this.#checkCrossSite(credentials, known, options.csrf)
      // What is there at once is not waited for, here and below: each wait costs about as much as a check.
      const entered = known.enter?.()
      leave = isPending(entered) ? await entered : entered
      // Who calls by `cmd` is a program, whatever its Accept header says.
      const exchange = exchangeOf(request, read, known, command === undefined && wantsPage(request), command)
      const { around } = this.#options
      const answer = await (around ? around(exchange, () => handler(exchange)) : handler(exchange))
      return this.#answers.send(reply, answer, known.cookies)
    } catch (error) {
      return this.#answers.sendError(reply, refusalFor(route.options, error), askedAs(request, command, known))
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
    const routes = this.#commands.get(command) ?? this.#commands.get('*') ?? []
    const route = routes.find(({ methods }) => methods.includes(method))
    if (route) return route
    throw routes.length === 0 ? NOTHING_HERE : wrongMethod(routes.flatMap(({ methods }) => methods))
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
