import { FrappeError, OAUTH_PATHS } from '@annex/protocol'
import type { Fetch } from '../../core/upstream/transport.ts'
import { TestClock } from '../test-clock.ts'
import { FakeTelling, type FakeListener } from './calls/fake-telling.ts'
import { FakeWebhooks, type FakeChange, type WebhookOddities, type WebhookTarget } from './calls/fake-webhooks.ts'
import { FakeDesk } from './documents/fake-desk.ts'
import { FakeDocuments } from './documents/fake-documents.ts'
import type { FakeCaller } from './documents/records.ts'
import { FAKE_USERS, type FakeUser } from './fake-users.ts'
import { noFaults, type Faults } from './faults.ts'
import { TRAITS, type FakeKind, type Traits } from './kinds.ts'
import { FakeOAuth, type FakeChoice } from './oauth/fake-oauth.ts'
import { FakeGrants, type FakeGrant } from './oauth/grants.ts'
import { IdTokens } from './oauth/id-tokens.ts'
import type { FakeClient } from './oauth/oauth-parts.ts'
import { page, readRequest, refused, toResponse, type FakeReply, type FakeRequest } from './replies.ts'

/** What kind of site a fake one is. */
/** How a fake site is to be; all may be left out. */
export interface FakeUpstreamOptions {
  /** `annex` when absent. */
  readonly kind?: FakeKind
  /** Goes with the time of day when absent. */
  readonly clock?: TestClock
  /** `https://erp.test` when absent: no socket is needed. */
  readonly issuer?: string
  /** How long a repeated renewal gets the same pair, in milliseconds; what the kind has when absent. */
  readonly leewayMs?: number
  /** Whether a renewal ends the refresh token that was shown; what the kind does when absent. */
  readonly rotation?: boolean
  /** The first is who signs in where no other is named. */
  readonly users?: readonly FakeUser[]
}

/**
 * A site that is none: sign-in, tokens, documents and link search in memory, with faults on demand.
 *
 * Hand its `fetch` to a connector, or `listen` on a socket. It keeps what a real site of its kind keeps, and answers as that
 * does; what a test needs besides is answered by `override`.
 */
export class FakeUpstream {
  readonly kind: FakeKind
  /** An app that is registered; any redirect URI is taken. */
  readonly client = { id: 'fake-client', secret: 'fake-secret' } as const
  /** An app without a secret, which has to send a code challenge. */
  readonly publicClient = { id: 'fake-public' } as const
  readonly clock: TestClock
  readonly users: readonly FakeUser[]
  /** Every request that came, oldest first. */
  readonly requests: FakeRequest[] = []
  readonly faults: Faults = noFaults()
  readonly documents: FakeDocuments
  /** An answer of one test's own, asked before the fake's; undefined leaves it to the fake. */
  override: ((request: FakeRequest) => FakeReply | undefined) | undefined
  readonly #grants: FakeGrants
  readonly #oauth: FakeOAuth
  readonly #desk: FakeDesk
  readonly #webhooks: FakeWebhooks
  readonly #telling: FakeTelling
  #issuer: string

  constructor(options: FakeUpstreamOptions = {}) {
    const { kind = 'annex', clock = new TestClock(), issuer = 'https://erp.test', users = FAKE_USERS } = options
    const traits: Traits = {
      ...TRAITS[kind],
      ...(options.rotation === undefined ? {} : { rotation: options.rotation }),
      ...(options.leewayMs === undefined ? {} : { leewayMs: options.leewayMs }),
    }
    const clients = new Map<string, FakeClient>([
      [this.client.id, { secret: this.client.secret }],
      [this.publicClient.id, {}],
    ])
    this.kind = kind
    this.clock = clock
    this.users = users
    this.#issuer = issuer
    this.documents = new FakeDocuments(clock.now)
    this.#grants = new FakeGrants(traits, clock.now)
    const idTokens = new IdTokens(traits.frappe ? this.client.secret : undefined)
    const parts = {
      kind,
      issuer: () => this.#issuer,
      clock: clock.now,
      users,
      grants: this.#grants,
      idTokens,
      faults: this.faults,
      clients,
    }
    this.#oauth = new FakeOAuth(parts)
    this.#desk = new FakeDesk(this.documents, traits)
    this.#webhooks = new FakeWebhooks(this.documents, kind, clock.now)
    this.#telling = new FakeTelling(parts)
  }

  /** The address that the site is asked at. */
  get issuer(): string {
    return this.#issuer
  }

  /** Renewals that gave a new pair; one that was repeated within the leeway counts once. */
  get renewals(): number {
    return this.#grants.renewals
  }

  /** To be handed to a connector as its `fetch`. Redirects are given, not followed. */
  readonly fetch: Fetch = async (url, init) => {
    const request = new Request(url, init)
    if (new URL(url).origin !== new URL(this.#issuer).origin)
      throw new TypeError('fetch failed', { cause: new Error(`nobody is at ${url}`) })
    return Promise.race([this.handler(request), abortOf(request.signal)])
  }

  /** @throws {TypeError} when the site is down, or its answer is lost */
  readonly handler = async (request: Request): Promise<Response> => {
    const read = await readRequest(request)
    this.requests.push(read)
    const { faults } = this
    if (faults.slowMs > 0) await waited(faults.slowMs, read.signal)
    if (faults.down) throw new TypeError('fetch failed', { cause: new Error('the site is down') })
    const reply = await this.#reply(read)
    if (faults.revokeDuring === read.path) this.#end()
    if (read.path === OAUTH_PATHS.token && faults.loseTokenAnswers > 0) {
      faults.loseTokenAnswers -= 1
      throw new TypeError('fetch failed', { cause: new Error('the answer was lost') })
    }
    return toResponse(reply)
  }

  /** Serves the site on a socket of this machine, whose address becomes the issuer. Port 0, or none: a free one. */
  async listen(port = 0): Promise<{ readonly url: string; close(): Promise<void> }> {
    const { listen } = await import('../listen.ts')
    const listening = await listen(this.handler, port)
    this.#issuer = listening.url
    return listening
  }

  /**
   * The person signs in at the site and decides; gives where the browser is sent.
   *
   * @throws {Error} with the site's answer, when it sends the browser nowhere
   */
  async allow(authorizationUrl: string, choice: FakeChoice = {}): Promise<string> {
    const request = await readRequest(new Request(authorizationUrl))
    this.requests.push(request)
    const reply = this.#oauth.authorize(request.query, choice)
    const location = reply.headers?.['location']
    if (location === undefined) throw new Error(`The site answers ${reply.status} to ${authorizationUrl}: ${JSON.stringify(reply.json)}`)
    return location
  }

  /** How often a path was asked for. */
  count(path: string): number {
    return this.requests.filter((request) => request.path === path).length
  }

  /** Every token of a kind that was issued, oldest first. */
  tokens(kind: 'access' | 'refresh'): string[] {
    return this.#grants.tokens(kind)
  }

  /** Every access token is over; refresh tokens live on. */
  expireAccess(): void {
    this.#grants.expireAccess()
  }

  /** From now on this app is told when access ends or narrows. A Frappe tells nobody. */
  tell(listener: FakeListener): void {
    this.#telling.add(listener)
  }

  /**
   * As a person's click on Revoke: of one user, or of all. Apps that listen are told; gives what they answered.
   *
   * @throws {TypeError} when one cannot be reached
   */
  async revoke(user?: string): Promise<Response[]> {
    return inTurn(this.#end(user), (grant) => this.#telling.ended(grant))
  }

  /** A System Manager takes scopes from what a user has granted: these are left. Apps that listen are told. */
  async narrow(user: string, scopes: readonly string[]): Promise<Response[]> {
    const grants = this.#grants.standing(user)
    for (const grant of grants) grant.scopes = scopes
    return inTurn(grants, (grant) => this.#telling.narrowed(grant))
  }

  /** The person signs out at the site; what was granted stays. Apps that listen get a logout token. */
  async signOut(user: string): Promise<Response[]> {
    return inTurn(this.#grants.standing(user), (grant) => this.#telling.signedOut(grant))
  }

  /**
   * A logout token for the newest grant of a user, not sent.
   *
   * @param odd laid over its claims; undefined takes one away
   * @param type of its header
   */
  async logoutToken(user: string, odd?: Readonly<Record<string, unknown>>, type?: string): Promise<string> {
    const grant = this.#grants.newest(user)
    if (grant === undefined) throw new Error(`${user} has granted nothing`)
    return this.#telling.logoutToken(grant, odd, type)
  }

  /** Tells a receiver of changed documents, in their order; gives its answers. Nothing of it is sent by itself. */
  async webhook(changes: FakeChange | readonly FakeChange[], to: WebhookTarget, odd: WebhookOddities = {}): Promise<Response[]> {
    return this.#webhooks.send('doctype' in changes ? [changes] : changes, to, odd)
  }

  #end(user?: string): FakeGrant[] {
    const grants = this.#grants.standing(user)
    for (const grant of grants) grant.revoked = true
    return grants
  }

  async #reply(request: FakeRequest): Promise<FakeReply> {
    const special = this.override?.(request)
    if (special !== undefined) return special
    if (this.faults.html) return page(502, 'Bad Gateway')
    return (await this.#oauth.answer(request)) ?? this.#busy() ?? this.#resource(request)
  }

  #busy(): FakeReply | undefined {
    const { busy } = this.faults
    if (busy === undefined || busy.times <= 0) return undefined
    busy.times -= 1
    const { status, retryAfter } = busy
    const error = new FrappeError(status === 429 ? 'TooManyRequestsError' : 'SessionStopped', 'Busy: try again later', { status })
    if (retryAfter === undefined) return refused(error)
    // Budgets are microseconds, the reset is seconds.
    const budget = { 'x-ratelimit-limit': '3600000000', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': retryAfter }
    return { ...refused(error), headers: { 'retry-after': retryAfter, ...(status === 429 ? budget : {}) } }
  }

  async #resource(request: FakeRequest): Promise<FakeReply> {
    const header = request.headers.get('authorization')
    const caller = header === null ? undefined : this.#caller(header)
    if (caller !== undefined) return this.#desk.answer(request, caller)
    if (header === null && request.path.endsWith('/ping')) return { json: { message: 'pong' } }
    return refused(
      header === null
        ? new FrappeError('PermissionError', 'Not permitted')
        : new FrappeError('AuthenticationError', 'The token is not valid'),
      request.path,
    )
  }

  #caller(header: string): FakeCaller | undefined {
    const [scheme = '', credential = ''] = header.split(' ')
    if (scheme.toLowerCase() !== 'bearer') {
      const key = scheme.toLowerCase() === 'basic' ? atob(credential) : credential
      const user = this.users.find((one) => one.apiKey === key)
      return user && { user }
    }
    const pair = this.#grants.good(credential)
    const user = pair && this.users.find((one) => one.name === pair.grant.user)
    return pair && user && { user, scopes: pair.grant.scopes }
  }
}

async function inTurn<T>(grants: readonly T[], act: (grant: T) => Promise<Response[]>): Promise<Response[]> {
  const answers: Response[] = []
  for (const grant of grants) answers.push(...(await act(grant)))
  return answers
}

/** Whoever waited and has gone is not waited for. */
function waited(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    const end = (): void => {
      clearTimeout(timer)
      resolve()
    }
    signal.addEventListener('abort', end, { once: true })
  })
}

function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    if (signal.aborted) reject(signal.reason as Error)
  })
}
