import { isRecord, OAuthError } from '@annex/protocol'
import { AppRefused, ConsentDenied, InvalidSignIn, refusalOf, ScopeMissing } from '../core/errors.ts'
import { fromBase64Url, toBase64Url } from '../core/sealing/base64.ts'
import { checkAnswerIssuer } from '../core/setup/issuer.ts'
import type { Site } from '../core/setup/site.ts'
import { parseTokens, type Tokens } from '../core/tokens/token-responses.ts'
import { parseJson } from '../core/upstream/transport.ts'
import type { PublicClientOptions, PublicTokens } from './public-tokens.ts'

const LIFETIME_MS = 600_000
/** Machines whose clocks are five minutes apart sign people in. */
const SKEW_MS = 300_000
const NOT_BEGUN = 'The sign-in was not begun here, was used already, or took longer than ten minutes: start again'

/** Where the platform brings no Web Crypto, as React Native does not. */
export interface PublicCrypto {
  /** From a source that nobody can guess. */
  randomBytes(count: number): Uint8Array
  sha256(bytes: Uint8Array): Promise<Uint8Array>
}

const webCrypto: PublicCrypto = {
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  sha256: async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes))),
}

/** What a sign-in remembers while the person is at the site. Nothing of it opens anything without the site's answer. */
interface Pending {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly returnTo: string
  readonly issuer: string
  readonly clientId: string
  /** Milliseconds since 1970. */
  readonly startedAt: number
}

export interface CodeFlowParts {
  readonly tokens: PublicTokens
  readonly options: PublicClientOptions
  readonly redirectUri: string
  readonly crypto?: PublicCrypto | undefined
}

/** The authorization code flow of a client without a secret (RFC 6749 section 4.1, PKCE S256, OpenID Connect). */
export class CodeFlow {
  readonly #parts: CodeFlowParts
  readonly #crypto: PublicCrypto

  constructor(parts: CodeFlowParts) {
    this.#parts = parts
    this.#crypto = parts.crypto ?? webCrypto
  }

  /** Where to send the person, and what to remember until they come back. */
  async begin(returnTo: string): Promise<{ readonly url: string; readonly pending: string }> {
    const { tokens, options, redirectUri } = this.#parts
    const { endpoints, pkce } = await tokens.discovery.site()
    if (!pkce)
      throw new AppRefused('unauthorized_client', 'it does not know PKCE with S256, without which a client that has no secret is not safe')
    const random = () => toBase64Url(this.#crypto.randomBytes(32))
    const { issuer, clientId, scopes } = options
    const pending: Pending = { state: random(), nonce: random(), verifier: random(), returnTo, issuer, clientId, startedAt: tokens.clock() }
    const url = new URL(endpoints.authorize)
    const parameters = {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: scopes.join(' '),
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: toBase64Url(await this.#crypto.sha256(new TextEncoder().encode(pending.verifier))),
      code_challenge_method: 'S256',
    }
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    return { url: url.href, pending: JSON.stringify(pending) }
  }

  /**
   * Takes the tokens for the answer that the person brought back. Gives where they were going.
   *
   * @throws {InvalidSignIn} for an answer to another sign-in, of another site, or with an id_token that does not belong to it
   * @throws {ConsentDenied} when the person said no
   * @throws {UpstreamUnavailable} when the site does not answer; the person may begin again
   */
  async finish(remembered: string | null, answer: URLSearchParams): Promise<string> {
    const { tokens, options } = this.#parts
    const pending = this.#pending(remembered, answer)
    const site = await tokens.discovery.site()
    checkAnswerIssuer(site, answer)
    const error = answer.get('error')
    if (error === 'access_denied') throw new ConsentDenied()
    if (error !== null) throw refused(error, answer)
    const code = answer.get('code')
    if (pending === undefined || code === null) throw new InvalidSignIn(NOT_BEGUN)
    const got = await this.#exchange(code, pending)
    if (options.scopes.includes('openid')) checkIdToken(got, { site, pending, now: tokens.clock() })
    await tokens.accept(got)
    return pending.returnTo
  }

  /** Frappe 15 leaves the state out of a denial; nothing is redeemed then, so the denial alone is believed. */
  #pending(remembered: string | null, answer: URLSearchParams): Pending | undefined {
    const { tokens, options } = this.#parts
    const state = answer.get('state')
    if (state === null && answer.get('error') === 'access_denied') return undefined
    const pending = parsePending(remembered)
    const isOurs = pending !== undefined && pending.state === state
    const isOfThisApp = pending?.issuer === options.issuer && pending.clientId === options.clientId
    if (isOurs && isOfThisApp && pending.startedAt + LIFETIME_MS > tokens.clock()) return pending
    throw new InvalidSignIn(NOT_BEGUN)
  }

  async #exchange(code: string, { verifier }: Pending): Promise<Tokens> {
    const { tokens, options, redirectUri } = this.#parts
    const { endpoints } = await tokens.discovery.site()
    const at = tokens.clock()
    const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier }
    try {
      return parseTokens(await tokens.post(endpoints.token, form), { at, scopes: options.scopes, refresh: null })
    } catch (error) {
      if (error instanceof OAuthError && error.code === 'invalid_grant')
        throw new InvalidSignIn('The site does not accept the sign-in any more: start again', { cause: error })
      throw error
    }
  }
}

function parsePending(text: string | null): Pending | undefined {
  const pending = parseJson(text ?? '')
  return isRecord(pending) && typeof pending['state'] === 'string' ? (pending as unknown as Pending) : undefined
}

/** A site that refuses the app itself says so whoever signs in; anything else is this sign-in's own end. */
function refused(error: string, answer: URLSearchParams): Error {
  const refusal = refusalOf(error, answer.get('error_description') ?? error)
  return refusal instanceof AppRefused ? refusal : new InvalidSignIn(`The site refused the sign-in: ${refusal.message}`)
}

/**
 * The claims of an id_token that was issued to this app, now, for this very sign-in. Its signature is not looked at: it
 * came straight from the site's token endpoint, over the connection that proves the site (OpenID Connect Core 1.0
 * section 3.1.3.7, number 6).
 */
function checkIdToken(tokens: Tokens, { site, pending, now }: { site: Site; pending: Pending; now: number }): void {
  if (tokens.idToken === undefined)
    throw tokens.scopes.includes('openid') ? new InvalidSignIn('The site sent no id_token: start again') : new ScopeMissing(['openid'])
  const claims = claimsOf(tokens.idToken)
  const audience = [claims['aud']].flat()
  const issuers: readonly unknown[] = [site.issuer, ...site.oddIssuers]
  const isForUs = audience.includes(pending.clientId) && (audience.length === 1 || claims['azp'] === pending.clientId)
  const isNow = typeof claims['exp'] === 'number' && claims['exp'] * 1000 > now - SKEW_MS
  if (claims['nonce'] === pending.nonce && isForUs && isNow && issuers.includes(claims['iss'])) return
  throw new InvalidSignIn('The sign-in answers another request, or is not from the site that was asked: start again')
}

function claimsOf(idToken: string): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(new TextDecoder().decode(fromBase64Url(idToken.split('.')[1] ?? '')))
    return isRecord(claims) ? claims : {}
  } catch {
    return {}
  }
}
