import { OAuthError } from '@annex/protocol'
import { Connection, revoke, type ConnectionParts } from './connection.ts'
import { ConsentDenied, InvalidSignIn, ScopeMissing, UpstreamUnavailable } from './errors.ts'
import { isOwnOrigin, OwnCookies, parseReturnTo, type HeadersOf } from './sign-in/cookies.ts'
import { Discovery, parseIssuer } from './sign-in/discovery.ts'
import { IdTokens } from './sign-in/id-token.ts'
import { Sessions, type Session } from './sign-in/sessions.ts'
import { describeFailure, failurePage, type SignInFailure } from './sign-in/sign-in-pages.ts'
import { SignIn } from './sign-in/sign-in.ts'
import type { ConnectorStore } from './stores/connector-store.ts'
import { AccessTokens } from './tokens/access-tokens.ts'
import { KeyRing, type Keys } from './tokens/key-ring.ts'
import { TokenRequests, type Client } from './tokens/token-requests.ts'
import { Vault } from './tokens/token-vault.ts'
import { createTransport, type Fetch } from './upstream/transport.ts'

export interface ConnectorOptions {
  /** The site: its address, to the letter as it calls itself. */
  readonly upstream: { readonly issuer: string }
  /** This app as it is registered there. `redirectUri` also says where the app itself lives. */
  readonly client: Client
  /** What a sign-in asks for; `required` must hold `openid`. The site decides which of them a person may leave out. */
  readonly scopes: { readonly required: readonly string[]; readonly optional?: readonly string[] }
  readonly store: ConnectorStore
  readonly keys: Keys
  /** Where the sign-in pages stand; `/connect` when absent. */
  readonly basePath?: string
  readonly fetch?: Fetch
  /** Milliseconds since 1970. */
  readonly clock?: () => number
  /** For one answer of the site, in milliseconds; 10,000 when absent. */
  readonly timeoutMs?: number
  /** What happened, for the app's log. Never holds a token. */
  readonly log?: (event: string, detail: Readonly<Record<string, unknown>>) => void
  /** Shows a failed sign-in in the app's own look. */
  readonly onSignInFailed?: (failure: SignInFailure) => Response | Promise<Response>
}

export interface SignInOptions {
  /** A place of the app's own origin, `/` when absent. */
  readonly returnTo?: string
  /** Asks for these besides what is granted already (step-up). Absent, for everything that the app is set to ask for. */
  readonly scopes?: readonly string[]
}

export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
}

/** What an app holds: sign-in for its browsers, and each person's connection to the site. */
export interface Connector {
  /** The app's own origin. */
  readonly origin: string
  /** What `handler` answers, for frameworks that want to be told. */
  readonly routes: readonly Route[]
  /** Answers sign-in, its callback and sign-out; undefined for every other path. */
  handler(request: Request): Promise<Response | undefined>
  /** Who is signed in in this browser. Takes a `Request`, or the request of node, Express or Fastify. */
  session(request: HeadersOf): Promise<Session | undefined>
  connection(id: string): Connection
  /** Where to send a browser to sign in. */
  signInUrl(options?: SignInOptions): string
  /** Where a form posts to sign out. */
  readonly signOutUrl: string
  /** Whether an unsafe request comes from the app's own pages; refuse it otherwise. */
  isOwnOrigin(request: HeadersOf): boolean
}

/**
 * Joins an app with a site.
 *
 * @throws {Error} one sentence that names the option which is wrong
 */
export function createConnector(options: ConnectorOptions): Connector {
  return new ConnectorOfSite(options)
}

class ConnectorOfSite implements Connector {
  readonly origin: string
  readonly routes: readonly Route[]
  readonly signOutUrl: string
  readonly #options: ConnectorOptions
  readonly #loginUrl: string
  readonly #signIn: SignIn
  readonly #sessions: Sessions
  readonly #parts: ConnectionParts

  constructor(options: ConnectorOptions) {
    const {
      client,
      store,
      basePath = '/connect',
      clock = Date.now,
      fetch: send = fetch,
      timeoutMs = 10_000,
      log = () => undefined,
    } = options
    checkOptions(options)
    const issuer = parseIssuer(options.upstream.issuer)
    this.#options = options
    this.origin = new URL(client.redirectUri).origin
    this.#loginUrl = `${this.origin}${basePath}/login`
    this.signOutUrl = `${this.origin}${basePath}/logout`
    this.routes = [
      { method: 'GET', path: `${basePath}/login` },
      { method: 'GET', path: new URL(client.redirectUri).pathname },
      { method: 'POST', path: `${basePath}/logout` },
    ]
    const transport = createTransport(send, timeoutMs)
    const discovery = new Discovery(issuer, transport, clock)
    const requests = new TokenRequests(discovery, client, transport)
    const keys = new KeyRing(options.keys)
    const vault = new Vault(store.connections, keys)
    const cookies = new OwnCookies(this.origin, client.id)
    const signInUrl = () => this.signInUrl()
    const tokens = new AccessTokens({ vault, leases: store.leases, requests, clock, signInUrl, log })
    this.#sessions = new Sessions(store, cookies, clock)
    this.#signIn = new SignIn({
      client,
      discovery,
      requests,
      idTokens: new IdTokens(client, send, clock),
      leases: store.leases,
      keys,
      cookies,
      send: transport,
      clock,
    })
    this.#parts = { issuer, store, vault, tokens, requests, signInUrl, fetch: send, timeoutMs, clock }
  }

  async handler(request: Request): Promise<Response | undefined> {
    const path = new URL(request.url).pathname
    const routes = this.routes.filter((route) => route.path === path)
    if (routes.length === 0) return undefined
    if (!routes.some((route) => route.method === request.method))
      return new Response(null, { status: 405, headers: { allow: routes.map((route) => route.method).join(', ') } })
    const [login, callback] = this.routes
    if (path === login!.path) return this.#login(request)
    return path === callback!.path ? this.#callback(request) : this.#logout(request)
  }

  session(request: HeadersOf): Promise<Session | undefined> {
    return this.#sessions.read(request)
  }

  connection(id: string): Connection {
    return new Connection(id, this.#parts)
  }

  signInUrl({ returnTo, scopes }: SignInOptions = {}): string {
    const url = new URL(this.#loginUrl)
    if (returnTo !== undefined) url.searchParams.set('return_to', parseReturnTo(returnTo, this.origin))
    if (scopes !== undefined) url.searchParams.set('scope', scopes.join(' '))
    return url.href
  }

  isOwnOrigin(request: HeadersOf): boolean {
    return isOwnOrigin(request, this.origin)
  }

  async #login(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url)
    const returnTo = parseReturnTo(searchParams.get('return_to'), this.origin)
    const more = searchParams.get('scope')
    try {
      const { url, cookies } = await this.#signIn.begin(request, {
        returnTo,
        scopes: await this.#scopesFor(request, more),
      })
      return redirect(url, cookies)
    } catch (error) {
      return this.#fail(error, this.signInUrl({ returnTo }), [])
    }
  }

  /** A step-up asks for what is granted and what is missing; a link cannot make it ask for what the app is not set to ask for. */
  async #scopesFor(request: Request, more: string | null): Promise<readonly string[]> {
    const { required, optional = [] } = this.#options.scopes
    if (more === null) return [...new Set([...required, ...optional])]
    const session = await this.session(request)
    const granted = session === undefined ? [] : await this.connection(session.connection).scopes()
    const wanted = more.split(' ').filter((scope) => required.includes(scope) || optional.includes(scope))
    return [...new Set([...required, ...granted, ...wanted])]
  }

  async #callback(request: Request): Promise<Response> {
    const answer = new URL(request.url).searchParams
    const spent = this.#signIn.spentCookies(request, answer)
    try {
      const { person, tokens, returnTo } = await this.#signIn.finish(request, answer)
      const { connection, replaced } = await this.#parts.vault.keep(person, tokens)
      // The old grant would lie at the site until it ends, unused and unseen. That it ends now need not be waited for.
      if (replaced !== undefined) void revoke(this.#parts.requests, replaced.refresh ?? replaced.access)
      const missing = this.#options.scopes.required.filter((scope) => !connection.scopes.includes(scope))
      if (missing.length > 0) return await this.#fail(new ScopeMissing(missing), this.signInUrl({ returnTo, scopes: missing }), spent)
      this.#options.log?.('signed-in', { connection: connection.id })
      return redirect(`${this.origin}${returnTo}`, [...spent, await this.#sessions.insert(request, connection.id)])
    } catch (error) {
      return this.#fail(error, this.signInUrl(), spent)
    }
  }

  async #logout(request: Request): Promise<Response> {
    if (!this.isOwnOrigin(request)) return new Response('Sign out from a page of the app itself', { status: 403 })
    return redirect(`${this.origin}/`, [await this.#sessions.remove(request)])
  }

  async #fail(error: unknown, again: string, cookies: readonly string[]): Promise<Response> {
    if (!isSignInError(error)) throw error
    this.#options.log?.('sign-in-failed', { reason: error.message })
    const answer = await (this.#options.onSignInFailed ?? failurePage)(describeFailure(error, again))
    for (const cookie of cookies) answer.headers.append('set-cookie', cookie)
    return answer
  }
}

const isSignInError = (error: unknown): error is Error =>
  [ConsentDenied, InvalidSignIn, ScopeMissing, UpstreamUnavailable, OAuthError].some((kind) => error instanceof kind)

function redirect(url: string, cookies: readonly string[]): Response {
  const headers = new Headers({ location: url, 'cache-control': 'no-store' })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return new Response(null, { status: 303, headers })
}

function checkOptions({ client, scopes, basePath = '/connect' }: ConnectorOptions): void {
  if (!URL.canParse(client.redirectUri))
    throw new Error(`client.redirectUri ${client.redirectUri} must be a whole address, as registered at the site`)
  if (client.id === '') throw new Error('client.id must be the id that the site gave to this app')
  if (!scopes.required.includes('openid'))
    throw new Error('scopes.required must hold openid: without it the site does not say who signs in')
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(basePath)) throw new Error(`basePath ${basePath} must be a path such as /connect`)
}
