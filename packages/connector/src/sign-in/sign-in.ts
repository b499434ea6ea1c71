import { isRecord, OAuthError, type ServerMetadata } from '@annex/protocol'
import { ConsentDenied, InvalidSignIn, ScopeMissing, UpstreamUnavailable } from '../errors.ts'
import type { LeaseStore } from '../stores/connector-store.ts'
import { randomToken, sha256 } from '../tokens/base64.ts'
import type { KeyRing } from '../tokens/key-ring.ts'
import type { Client, TokenRequests } from '../tokens/token-requests.ts'
import { parseTokens, type Tokens } from '../tokens/token-responses.ts'
import type { Person } from '../tokens/token-vault.ts'
import type { Send } from '../upstream/transport.ts'
import type { HeadersOf, OwnCookies } from './cookies.ts'
import type { Discovery } from './discovery.ts'
import type { IdTokens } from './id-token.ts'

const LIFETIME_S = 600
/** Sign-ins that one browser may have open in several tabs. */
const MAX_PENDING = 4
const PREFIX = 'signin_'
const PLACE = 'sign-in'

/** What a sign-in remembers while the browser is away at the site. */
interface Pending {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly returnTo: string
  readonly scopes: readonly string[]
  readonly startedAt: number
}

export interface SignInParts {
  readonly client: Client
  readonly discovery: Discovery
  readonly requests: TokenRequests
  readonly idTokens: IdTokens
  readonly leases: LeaseStore
  readonly keys: KeyRing
  readonly cookies: OwnCookies
  readonly send: Send
  readonly clock: () => number
}

export interface SignInRequest {
  readonly returnTo: string
  readonly scopes: readonly string[]
}

export interface SignedIn {
  readonly person: Person
  readonly tokens: Tokens
  readonly returnTo: string
}

/**
 * The authorization code flow, from this app's side (RFC 6749 section 4.1, PKCE S256, OpenID Connect).
 *
 * State, nonce and verifier travel sealed in a cookie of the browser that asked, for ten minutes, and are good once.
 */
export class SignIn {
  readonly #parts: SignInParts

  constructor(parts: SignInParts) {
    this.#parts = parts
  }

  /** Where to send the browser, and the cookies that it takes along. */
  async begin(request: HeadersOf, { returnTo, scopes }: SignInRequest): Promise<{ url: string; cookies: string[] }> {
    const { client, discovery, keys, cookies, clock } = this.#parts
    const pending: Pending = { state: randomToken(), nonce: randomToken(), verifier: randomToken(), returnTo, scopes, startedAt: clock() }
    const url = new URL((await discovery.metadata()).authorization_endpoint)
    const parameters = {
      response_type: 'code',
      client_id: client.id,
      redirect_uri: client.redirectUri,
      scope: scopes.join(' '),
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await sha256(pending.verifier),
      code_challenge_method: 'S256',
    }
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    const older = [...cookies.read(request).keys()].filter((name) => name.startsWith(PREFIX)).slice(MAX_PENDING - 1)
    const sealed = await keys.seal(JSON.stringify(pending), PLACE)
    return {
      url: url.href,
      cookies: [...older.map((name) => cookies.write(name, '', 0)), cookies.write(cookieName(pending.state), sealed, LIFETIME_S)],
    }
  }

  /**
   * Finishes the sign-in that this browser began.
   *
   * @throws {InvalidSignIn} for a state that is foreign, missing, used or old, a wrong issuer, a bad id_token
   * @throws {ConsentDenied} when the person said no
   * @throws {UpstreamUnavailable} when the site does not answer; the person may begin again
   */
  async finish(request: HeadersOf, answer: URLSearchParams): Promise<SignedIn> {
    const metadata = await this.#parts.discovery.metadata()
    const pending = await this.#pending(request, answer)
    checkIssuer(metadata, answer)
    const error = answer.get('error')
    if (error === 'access_denied') throw new ConsentDenied()
    if (error !== null) throw new InvalidSignIn(`The site refused the sign-in: ${answer.get('error_description') ?? error}`)
    const code = answer.get('code')
    if (pending === undefined || code === null)
      throw new InvalidSignIn('The sign-in was not begun in this browser, or took longer than ten minutes: start again')
    await this.#consume(pending)
    const tokens = await this.#exchange(code, pending)
    return { person: await this.#person(metadata, tokens, pending), tokens, returnTo: pending.returnTo }
  }

  /** What to set when a sign-in has come to its end, well or not. */
  spentCookies(request: HeadersOf, answer: URLSearchParams): string[] {
    const name = cookieName(answer.get('state') ?? '')
    return this.#parts.cookies.read(request).has(name) ? [this.#parts.cookies.write(name, '', 0)] : []
  }

  /** Frappe 15 leaves the state out of a denial; nothing is redeemed then, so the denial alone is believed. */
  async #pending(request: HeadersOf, answer: URLSearchParams): Promise<Pending | undefined> {
    const state = answer.get('state')
    if (state === null && answer.get('error') === 'access_denied') return undefined
    const sealed = this.#parts.cookies.read(request).get(cookieName(state ?? ''))
    const text = sealed === undefined ? undefined : await this.#parts.keys.open(sealed, PLACE)
    // What opens was sealed by `begin`.
    const pending = text === undefined ? undefined : (JSON.parse(text) as Pending)
    if (pending !== undefined && pending.state === state && pending.startedAt + LIFETIME_S * 1000 > this.#parts.clock()) return pending
    throw new InvalidSignIn('The sign-in was not begun in this browser, or took longer than ten minutes: start again')
  }

  /** The browser forgets a spent cookie, a copy of it does not: a lease that nobody gives back remembers the state. */
  async #consume({ state }: Pending): Promise<void> {
    const { leases, clock } = this.#parts
    if (await leases.acquire(`state:${await sha256(state)}`, 'spent', clock(), LIFETIME_S * 1000)) return
    throw new InvalidSignIn('The sign-in was used already: start again')
  }

  async #exchange(code: string, pending: Pending): Promise<Tokens> {
    try {
      const at = this.#parts.clock()
      return parseTokens(await this.#parts.requests.exchange(code, pending.verifier), { at, scopes: pending.scopes, refresh: null })
    } catch (error) {
      if (error instanceof OAuthError && error.code === 'invalid_grant')
        throw new InvalidSignIn('The site does not accept the sign-in any more: start again', { cause: error })
      throw error
    }
  }

  async #person(metadata: ServerMetadata, tokens: Tokens, { nonce }: Pending): Promise<Person> {
    if (tokens.idToken === undefined)
      throw tokens.scopes.includes('openid') ? new InvalidSignIn('The site sent no id_token: start again') : new ScopeMissing(['openid'])
    const claims = await this.#parts.idTokens.verify(metadata, { idToken: tokens.idToken, accessToken: tokens.access, nonce })
    const profile = typeof claims['name'] === 'string' ? claims : await this.#profile(metadata, tokens.access, claims.sub)
    const email = textOf(profile['email']) ?? null
    return { issuer: metadata.issuer, subject: claims.sub, name: textOf(profile['name']) ?? email ?? claims.sub, email }
  }

  /** A site may keep the name for the profile endpoint; the profile of somebody else counts for nothing (OpenID Connect Core section 5.3.2). */
  async #profile(metadata: ServerMetadata, accessToken: string, subject: string): Promise<Readonly<Record<string, unknown>>> {
    if (metadata.userinfo_endpoint === undefined) return {}
    const headers = { accept: 'application/json', authorization: `Bearer ${accessToken}` }
    const answer = await this.#parts.send(metadata.userinfo_endpoint, { headers }).catch((error: unknown) => {
      if (error instanceof UpstreamUnavailable) return undefined
      throw error
    })
    return answer?.status === 200 && isRecord(answer.json) && answer.json['sub'] === subject ? answer.json : {}
  }
}

const cookieName = (state: string): string => `${PREFIX}${state.replaceAll(/[^A-Za-z0-9_-]/g, '').slice(0, 8)}`
const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** @see RFC 9207 section 2.4 */
function checkIssuer(metadata: ServerMetadata, answer: URLSearchParams): void {
  const issuer = answer.get('iss')
  if (issuer === null && metadata.authorization_response_iss_parameter_supported !== true) return
  if (issuer === metadata.issuer) return
  throw new InvalidSignIn('The answer to the sign-in does not come from the site that was asked: start again')
}
