import { OAuthError } from '@annex/protocol'
import { SignInRequired, UpstreamUnavailable } from '../core/errors.ts'
import { Discovery } from '../core/setup/discovery.ts'
import { parseTokens, type Tokens } from '../core/tokens/token-responses.ts'
import type { TokenOptions } from '../core/upstream/credentials.ts'
import { leave } from '../core/upstream/leave.ts'
import { createFetchSend, type Fetch, type Send, type UpstreamAnswer } from '../core/upstream/transport.ts'
import { UpstreamClient } from '../core/upstream/upstream-client.ts'

const TIMEOUT_MS = 10_000
/** A lost answer is asked for again with the same refresh token, which must happen inside the site's leeway of 10 s. */
const TOKEN_TIMEOUT_MS = 4_000
/** A token is renewed so long before its end, so that a call does not begin with one that ends under way. */
const MARGIN_MS = 30_000

/** Which site, and this app as a client without a secret. */
export interface PublicClientOptions {
  /** The site's address, to the letter as it calls itself. */
  readonly issuer: string
  /** This app as it is registered there: a client without a secret. */
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly fetch?: Fetch
  /** Milliseconds since 1970. */
  readonly clock?: () => number
}

/** One person's access to the site, from a program that can keep no secret. */
export interface PublicAccess {
  /** The site's documents and methods, as this person. */
  readonly client: UpstreamClient
  readonly signedIn: boolean
  /**
   * An access token that is good for a while, renewed when it is not, once for all callers.
   *
   * @throws {SignInRequired} when nobody is signed in, or access has ended
   * @throws {UpstreamUnavailable} when it has to be renewed and the site cannot be reached
   */
  token(options?: TokenOptions): Promise<string>
  /** Forgets the tokens, and has the site revoke them; that the site cannot be told does not keep anybody signed in. */
  signOut(): Promise<void>
}

/** Where a program keeps what it needs to go on without asking the person again: a file for its user alone, a phone's keychain. */
export interface TokenKeeper {
  read(): Promise<string | undefined>
  /** Must be done when it resolves: the text before is of no use any more. */
  write(text: string): Promise<void>
  clear(): Promise<void>
}

/** The keeper of one app's refresh tokens at one site, which processes of the app share. */
export interface SharedKeeper extends TokenKeeper {
  /** Whether another process, that was quicker with the same token, has kept the next one: the site refuses a token's second use. */
  isReplaced(refused: string): Promise<boolean>
}

export interface PublicParts {
  readonly options: PublicClientOptions
  readonly redirectUri: string
  /** Of refresh tokens of this app at this site. */
  readonly keep?: SharedKeeper | undefined
}

/** The tokens of one person in the memory of one program; a keeper that is given is told of each new refresh token. */
export class PublicTokens implements PublicAccess {
  readonly client: UpstreamClient
  readonly discovery: Discovery
  readonly clock: () => number
  readonly #send: Send
  readonly #parts: PublicParts
  #tokens: Tokens | undefined
  #flight: Promise<Tokens> | undefined

  constructor(parts: PublicParts) {
    const { issuer, fetch: send = fetch, clock = Date.now } = parts.options
    this.#parts = parts
    this.clock = clock
    this.#send = createFetchSend(send, TIMEOUT_MS)
    this.discovery = new Discovery(issuer, this.#send, clock)
    const credentials = { token: (options?: TokenOptions) => this.token(options), signInUrl: () => parts.redirectUri }
    this.client = new UpstreamClient({ url: issuer, credentials, fetch: send, clock })
  }

  get signedIn(): boolean {
    return this.#tokens !== undefined
  }

  /** One request to an endpoint of the site; a client without a secret shows its id alone (RFC 6749 section 3.2.1). */
  async post(url: string, form: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<UpstreamAnswer> {
    return this.#send(url, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ ...form, client_id: this.#parts.options.clientId }).toString(),
      timeoutMs: TOKEN_TIMEOUT_MS,
      ...(signal && { signal }),
    })
  }

  /** Begins with the tokens of a sign-in. */
  async accept(tokens: Tokens): Promise<void> {
    this.#tokens = tokens
    if (tokens.refresh !== null) await this.#parts.keep?.write(tokens.refresh)
  }

  async token({ rejected, minLifeMs = MARGIN_MS, signal }: TokenOptions = {}): Promise<string> {
    const held = this.#current()
    if (held.access !== rejected && held.expiresAt - minLifeMs > this.clock()) return held.access
    this.#flight ??= this.#renew(held).finally(() => (this.#flight = undefined))
    try {
      const { access } = await leave(this.#flight, signal)
      if (access !== rejected) return access
    } catch (error) {
      // By bad weather the old token serves as long as it is good.
      if (error instanceof UpstreamUnavailable && held.access !== rejected && held.expiresAt > this.clock()) return held.access
      throw error
    }
    throw new SignInRequired('The site refuses the token that it has just given: sign in again', this.#parts.redirectUri, 'refused')
  }

  async signOut(): Promise<void> {
    const held = this.#tokens
    await this.#forget()
    if (held !== undefined) await this.#revoke(held)
  }

  #current(): Tokens {
    if (this.#tokens === undefined) throw new SignInRequired('Nobody is signed in: sign in first', this.#parts.redirectUri, 'unknown')
    return this.#tokens
  }

  /** Whoever signs in or out meanwhile goes before: what `held` leads to is not theirs. */
  async #renew(held: Tokens): Promise<Tokens> {
    // Another process of the program may have renewed since.
    const refresh = (await this.#parts.keep?.read()) ?? held.refresh
    if (this.#tokens !== held) return this.#current()
    if (refresh === null) throw await this.#ended()
    try {
      const next = await this.#exchange(refresh, held).catch((error: unknown) => {
        // The answer may be what was lost: the site gives it again to the same token.
        if (error instanceof UpstreamUnavailable && ['unreachable', 'timeout'].includes(error.code)) return this.#exchange(refresh, held)
        throw error
      })
      await (this.#tokens === held ? this.accept(next) : this.#revoke(next))
    } catch (error) {
      if (!(error instanceof OAuthError && error.code === 'invalid_grant')) throw error
      if (await this.#parts.keep?.isReplaced(refresh)) return this.#renew(held)
      if (this.#tokens === held) throw await this.#ended()
    }
    return this.#current()
  }

  async #exchange(refresh: string, held: Tokens): Promise<Tokens> {
    const { endpoints } = await this.discovery.site()
    const at = this.clock()
    const answer = await this.post(endpoints.token, { grant_type: 'refresh_token', refresh_token: refresh })
    return parseTokens(answer, { at, scopes: held.scopes, refresh })
  }

  async #ended(): Promise<SignInRequired> {
    await this.#forget()
    return new SignInRequired('Access to the site has ended: sign in again', this.#parts.redirectUri, 'expired')
  }

  /** Frappe 15 revokes a refresh token only with the hint. @see RFC 7009 section 2.1 */
  async #revoke({ refresh, access }: Tokens): Promise<void> {
    try {
      const { endpoints } = await this.discovery.site()
      await this.post(endpoints.revoke, { token: refresh ?? access, token_type_hint: 'refresh_token' })
    } catch {
      // Nobody is kept signed in by a site that is away.
    }
  }

  async #forget(): Promise<void> {
    this.#tokens = undefined
    await this.#parts.keep?.clear()
  }
}
