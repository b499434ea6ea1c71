import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { Database } from '@annex/database'
import { FrappeError, notFound } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import type { Outgoing } from '../../outgoing/outgoing.ts'
import type { Account } from '../accounts/accounts.ts'
import type { CodeWanted, SignedIn, SignIn, SignInRequest } from '../sign-in.ts'
import { discover, type Provider } from './discover.ts'
import { callbackPath, type SocialKey } from './social-key.ts'
import type { SocialKeys } from './social-keys.ts'
import { insertSocialSignIn, removeExpiredSocialSignIns, takeSocialSignIn, type SocialSignInRow } from './social-store.ts'
import { SocialTokens, type Proof } from './social-tokens.ts'
import type { Claims, SocialUsers } from './social-users.ts'

export interface SocialSignInParts {
  readonly database: Database
  readonly keys: SocialKeys
  readonly users: SocialUsers
  readonly signIn: SignIn
  readonly audit: Audit
  readonly outgoing: Outgoing
  /** The site's own origin. */
  readonly issuer: () => string
  /** UTC microseconds. */
  readonly now: () => number
}

/** Where to send the browser, and what it must bring back. */
export interface Departure {
  readonly location: string
  /** For a cookie alone. */
  readonly secret: string
}

/** What the provider's answer came with. */
export interface Arrival extends Omit<SignInRequest, 'user' | 'password'> {
  /** Name of the key, by the address that was called. */
  readonly name: string
  readonly query: URLSearchParams
  /** Of the browser's cookie. */
  readonly secret: string | undefined
}

/** A session, or the wish for a code, and the path of this site to go on to. */
export type Arrived = (SignedIn | CodeWanted) & { readonly redirectTo: string }

/** Seconds in which a sign-in elsewhere must be done. */
export const SOCIAL_LIFE = 600
const SECOND = 1_000_000
/** Microseconds for which what a provider says of itself is believed. */
const FRESH = 600 * SECOND

interface Kept {
  readonly version: string
  readonly until: number
  readonly provider: Provider
}

/** Signing in by another provider: OpenID Connect's code flow, with this site as the relying party. */
export class SocialSignIn {
  readonly #parts: SocialSignInParts
  readonly #tokens: SocialTokens
  readonly #kept = new Map<string, Kept>()

  constructor(parts: SocialSignInParts) {
    this.#parts = parts
    this.#tokens = new SocialTokens(parts.outgoing)
  }

  /**
   * Begins: the state is good once, for ten minutes, in this browser.
   *
   * @throws {FrappeError} `DoesNotExistError` when there is no such key, or it is turned off; `ValidationError` when its provider
   *   cannot be asked
   */
  async start(name: string, redirectTo: string): Promise<Departure> {
    const { database, now } = this.#parts
    const key = await this.#key(name)
    const provider = await this.#provider(key)
    const [state, secret] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')]
    await database.transaction(async (connection) => {
      await removeExpiredSocialSignIns(connection, now())
      const row = { hash: sha256(state), browser: sha256(secret), provider: name, redirect_to: redirectTo }
      await insertSocialSignIn(connection, { ...row, expires: now() + SOCIAL_LIFE * SECOND })
    })
    return { location: this.#request(key, provider, state, this.#proof(name, state, secret)), secret }
  }

  /**
   * Ends: a session for whom the provider has signed in, or the wish for their second factor.
   *
   * @throws {FrappeError} `AuthenticationError` (400 or 502) or `PermissionError` (403), each with what to do
   */
  async finish(arrival: Arrival): Promise<Arrived> {
    const { account, key, redirectTo } = await this.#remembered(arrival, () => this.#identify(arrival))
    const session = await this.#parts.signIn.open(account, arrival, key.name)
    return { ...session, redirectTo }
  }

  /** A refusal stands in the trail; who it was is not known yet. */
  async #remembered<T>({ ip }: Arrival, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof FrappeError) await this.#parts.audit.refuse({ event: 'sign-in refused', ip, reason: error.message })
      throw error
    }
  }

  async #identify(arrival: Arrival): Promise<{ readonly account: Account; readonly key: SocialKey; readonly redirectTo: string }> {
    const [state, secret] = [single(arrival.query, 'state'), arrival.secret]
    const begun = state !== undefined && secret !== undefined ? await this.#take(arrival.name, state, secret) : undefined
    if (state === undefined || secret === undefined || !begun)
      throw refusal('This sign-in was not begun in this browser, or it is used or too old; begin it again')
    const key = await this.#key(arrival.name)
    const provider = await this.#provider(key)
    checkIssuer(key, provider, arrival.query)
    const code = single(arrival.query, 'code')
    if (code === undefined || arrival.query.has('error'))
      throw refusal(`${key.label} did not sign you in; begin again, or use your password`)
    const account = await this.#account(key, provider, code, this.#proof(key.name, state, secret))
    return { account, key, redirectTo: begun.redirect_to }
  }

  async #account(key: SocialKey, provider: Provider, code: string, proof: Proof): Promise<Account> {
    const clientSecret = await this.#parts.keys.secret(key.name)
    const subject = await this.#tokens.redeem(key, clientSecret, provider, code, proof)
    const answers = async (): Promise<readonly Claims[]> => [subject.claims, await this.#tokens.profile(key, provider, subject)]
    return this.#parts.users.find(key, { issuer: provider.issuer, sub: subject.sub, answers })
  }

  #take(name: string, state: string, secret: string): Promise<SocialSignInRow | undefined> {
    const { database, now } = this.#parts
    const wanted = { hash: sha256(state), browser: sha256(secret), provider: name }
    return database.transaction((connection) => takeSocialSignIn(connection, wanted, now()), { durable: true })
  }

  async #key(name: string): Promise<SocialKey> {
    const key = await this.#parts.keys.enabled(name)
    if (!key) throw notFound('Social Login Key', name)
    return key
  }

  async #provider(key: SocialKey): Promise<Provider> {
    const kept = this.#kept.get(key.name)
    if (kept && kept.version === key.version && kept.until > this.#parts.now()) return kept.provider
    const provider = await discover(this.#parts.outgoing, key)
    this.#kept.set(key.name, { version: key.version, until: this.#parts.now() + FRESH, provider })
    return provider
  }

  /** Made from what the browser alone keeps, so that storage does not hold it. */
  #proof(name: string, state: string, secret: string): Proof {
    const derived = (purpose: string): string => createHmac('sha256', secret).update(`${purpose} ${state}`).digest('base64url')
    return { nonce: derived('nonce'), verifier: derived('verifier'), redirectUri: this.#parts.issuer() + callbackPath(name) }
  }

  #request(key: SocialKey, provider: Provider, state: string, { nonce, verifier, redirectUri }: Proof): string {
    const url = new URL(provider.authorizationEndpoint)
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    const fields = {
      response_type: 'code',
      client_id: key.clientId,
      redirect_uri: redirectUri,
      scope: key.scope,
      state,
      nonce,
      ...(provider.takesChallenges ? { code_challenge: challenge, code_challenge_method: 'S256' } : {}),
    }
    for (const [field, value] of Object.entries(fields)) url.searchParams.set(field, value)
    return url.href
  }
}

/** @see RFC 9207 section 2.4 */
function checkIssuer(key: SocialKey, provider: Provider, query: URLSearchParams): void {
  const named = query.getAll('iss')
  if (named.length === 0 && !provider.announcesIssuer) return
  if (named.length !== 1 || named[0] !== provider.issuer) throw refusal(`That answer is not from ${key.label}; begin again`)
}

/** A parameter that is there once, and not empty. */
function single(query: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = query.getAll(name)
  return value !== undefined && value !== '' && more.length === 0 ? value : undefined
}

const refusal = (sentence: string): FrappeError => new FrappeError('AuthenticationError', sentence, { status: 400 })
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
