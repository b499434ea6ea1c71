import { OAuthError } from '@annex/protocol'
import { AppRefused, ConsentDenied, InvalidSignIn, refusalOf } from '../errors.ts'
import { randomToken, sha256 } from '../sealing/base64.ts'
import type { RegisteredClient } from '../setup/client.ts'
import type { Discovery } from '../setup/discovery.ts'
import { checkAnswerIssuer } from '../setup/issuer.ts'
import type { Site } from '../setup/site.ts'
import type { TokenRequests } from '../tokens/token-requests.ts'
import { parseTokens, type Tokens } from '../tokens/token-responses.ts'
import type { Send } from '../upstream/transport.ts'
import type { HeadersOf } from './cookies.ts'
import { FlowCookies, type FlowCookiesParts, type Pending } from './flow-cookie.ts'
import type { Known, Prover } from './person.ts'

export interface SignInParts extends FlowCookiesParts {
  readonly client: () => Promise<RegisteredClient>
  readonly discovery: Discovery
  readonly requests: TokenRequests
  readonly send: Send
}

export type SignInRequest = Pick<Pending, 'returnTo' | 'scopes' | 'opener'>

export interface SignedIn extends Known, Pick<Pending, 'returnTo' | 'opener'> {
  readonly tokens: Tokens
}

/**
 * The authorization code flow, from this app's side (RFC 6749 section 4.1, PKCE S256, OpenID Connect).
 *
 * State, nonce and verifier travel sealed in a cookie of the browser that asked.
 */
export class SignIn {
  readonly #parts: SignInParts
  readonly #flows: FlowCookies
  #idTokens: Promise<Prover> | undefined

  constructor(parts: SignInParts) {
    this.#parts = parts
    this.#flows = new FlowCookies(parts)
  }

  /**
   * Where to send the browser, and the cookies that it takes along.
   *
   * @throws {AppRefused} when the app is not known there and may not register itself, or has no secret at a site without PKCE
   * @throws {UpstreamUnavailable} when the site does not answer
   */
  async begin(request: HeadersOf, asked: SignInRequest): Promise<{ url: string; cookies: readonly string[] }> {
    const { tenant, clock } = this.#parts
    const site = await this.#parts.discovery.site()
    const client = await this.#parts.client()
    const pending = { tenant, state: randomToken(), nonce: randomToken(), verifier: randomToken(), ...asked, startedAt: clock() }
    const url = new URL(site.endpoints.authorize)
    const parameters = {
      response_type: 'code',
      client_id: client.id,
      redirect_uri: client.redirectUri,
      scope: asked.scopes.join(' '),
      state: pending.state,
      nonce: pending.nonce,
      ...(await challenge(site, client, pending)),
    }
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    return { url: url.href, cookies: await this.#flows.begin(request, pending) }
  }

  /**
   * Finishes the sign-in that this browser began.
   *
   * @throws {InvalidSignIn} for a state that is foreign, missing, used or old, a wrong issuer, a bad id_token
   * @throws {ConsentDenied} when the person said no
   * @throws {AppRefused} when the site does not accept the app
   * @throws {UpstreamUnavailable} when the site does not answer; the person may begin again
   */
  async finish(request: HeadersOf, answer: URLSearchParams): Promise<SignedIn> {
    const site = await this.#parts.discovery.site()
    const error = answer.get('error')
    // Frappe leaves the state out of a denial; nothing is redeemed then, so the denial alone is believed.
    const pending =
      error === 'access_denied' && answer.get('state') === null ? undefined : await this.#flows.open(request, answer.get('state'))
    checkAnswerIssuer(site, answer)
    if (error === 'access_denied') throw new ConsentDenied()
    if (error !== null) throw refusedSignIn(error, answer)
    const code = answer.get('code')
    if (pending === undefined || code === null) throw new InvalidSignIn('The site sent no code for the sign-in: start again')
    await this.#flows.spend(pending)
    const tokens = await this.#exchange(code, pending)
    return { ...(await this.#person(site, tokens, pending)), tokens, returnTo: pending.returnTo, opener: pending.opener }
  }

  /** What to set when a sign-in has come to its end, well or not. */
  spentCookies(request: HeadersOf, answer: URLSearchParams): readonly string[] {
    return this.#flows.spent(request, answer.get('state'))
  }

  async #exchange(code: string, pending: Pending): Promise<Tokens> {
    try {
      const at = this.#parts.clock()
      return parseTokens(await this.#parts.requests.exchange(code, pending.verifier), { at, scopes: pending.scopes, refresh: null })
    } catch (error) {
      // What was found an hour ago may not be the site that is there now.
      if (error instanceof AppRefused) this.#parts.discovery.forget()
      if (!(error instanceof OAuthError)) throw error
      if (error.code === 'invalid_grant')
        throw new InvalidSignIn('The site does not accept the sign-in any more: start again', { cause: error })
      if (error.code === 'invalid_request' && /redirect/i.test(error.message)) throw await this.#wrongRedirect(error)
      throw error
    }
  }

  async #person(site: Site, tokens: Tokens, { nonce }: Pending): Promise<Known> {
    const { send, discovery } = this.#parts
    const client = await this.#parts.client()
    const { readPerson } = await import('./person.ts')
    try {
      return await readPerson({ site, client, send, idTokens: () => this.#loadIdTokens() }, tokens, nonce)
    } catch (error) {
      // What was found may be an hour old, and the site goes by another name now.
      discovery.forget()
      throw error
    }
  }

  async #wrongRedirect({ message }: OAuthError): Promise<AppRefused> {
    const { redirectUri } = await this.#parts.client()
    return new AppRefused('invalid_request', `${message} ${redirectUri}`, { hint: 'redirect' })
  }

  #loadIdTokens(): Promise<Prover> {
    const { send, clock } = this.#parts
    this.#idTokens ??= import('./id-token.ts').then(({ IdTokens }) => new IdTokens(send, clock))
    return this.#idTokens
  }
}

/** @throws {AppRefused} when nothing would tie the code to this app */
async function challenge(site: Site, client: RegisteredClient, { verifier }: Pending): Promise<Readonly<Record<string, string>>> {
  if (site.pkce) return { code_challenge: await sha256(verifier), code_challenge_method: 'S256' }
  if (client.secret !== undefined) return {}
  throw new AppRefused('invalid_client', 'it knows no PKCE with S256, without which an app needs a secret', { hint: 'secret' })
}

/** A site that refuses the app itself says so whoever signs in; anything else is this sign-in's own end. */
function refusedSignIn(error: string, answer: URLSearchParams): Error {
  const refusal = refusalOf(error, answer.get('error_description') ?? error, { errorUri: answer.get('error_uri') })
  return refusal instanceof AppRefused ? refusal : new InvalidSignIn(`The site refused the sign-in: ${refusal.message}`)
}
