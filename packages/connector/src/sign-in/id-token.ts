import {
  createRemoteJWKSet,
  customFetch,
  decodeProtectedHeader,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose'
import type { ServerMetadata } from '@annex/protocol'
import { InvalidSignIn, UpstreamUnavailable } from '../errors.ts'
import { fromBase64Url, sha256, toBase64Url } from '../tokens/base64.ts'
import type { Client } from '../tokens/token-requests.ts'
import type { Fetch } from '../upstream/transport.ts'

const CLOCK_TOLERANCE_S = 60

export interface IdTokenChecks {
  readonly idToken: string
  readonly accessToken: string
  readonly nonce: string
}

/** Reads id_tokens of one site. */
export class IdTokens {
  readonly #client: Client
  readonly #fetch: Fetch
  readonly #clock: () => number
  #keys: { uri: string; get: JWTVerifyGetKey } | undefined

  constructor(client: Client, fetch: Fetch, clock: () => number) {
    this.#client = client
    this.#fetch = fetch
    this.#clock = clock
  }

  /**
   * The claims of an id_token that was issued to this app, now, for this very sign-in.
   *
   * @throws {InvalidSignIn} when signature, issuer, audience, nonce, times or at_hash do not agree
   * @throws {UpstreamUnavailable} when the site's keys cannot be fetched
   * @see OpenID Connect Core 1.0 sections 3.1.3.7 and 3.1.3.8
   */
  async verify(metadata: ServerMetadata, checks: IdTokenChecks): Promise<JWTPayload & { sub: string }> {
    try {
      const claims = await this.#verified(metadata, checks.idToken)
      const { sub, nonce, at_hash: hash, aud, azp } = claims
      if (nonce !== checks.nonce) throw new InvalidSignIn('The sign-in answers another request: start again')
      if (hash !== undefined && hash !== (await hashOf(checks.accessToken)))
        throw new InvalidSignIn('The sign-in belongs to another access token: start again')
      if (azp === undefined ? Array.isArray(aud) && aud.length > 1 : azp !== this.#client.id)
        throw new InvalidSignIn('The sign-in was issued for another app: start again')
      if (typeof sub !== 'string' || sub === '')
        throw new InvalidSignIn('The site does not say who signed in: its administrator has to give the user an id for sign-in (sub)')
      return { ...claims, sub }
    } catch (error) {
      if (error instanceof InvalidSignIn || error instanceof UpstreamUnavailable) throw error
      throw new InvalidSignIn('The sign-in is not one that the site vouches for: start again', { cause: error })
    }
  }

  async #verified(metadata: ServerMetadata, idToken: string): Promise<JWTPayload> {
    const options = {
      issuer: metadata.issuer,
      audience: this.#client.id,
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(this.#clock()),
      requiredClaims: ['exp', 'iat'],
    }
    if (metadata.jwks_uri !== undefined)
      return (await jwtVerify(idToken, this.#keysAt(metadata.jwks_uri), { ...options, algorithms: ['ES256', 'RS256'] })).payload
    return this.#verifiedBySecret(idToken, options)
  }

  /** Frappe 15 publishes no keys and signs with the client's secret; where there are keys, this road is closed. */
  async #verifiedBySecret(idToken: string, options: JWTVerifyOptions): Promise<JWTPayload> {
    const { secret } = this.#client
    if (secret === undefined || decodeProtectedHeader(idToken).alg !== 'HS256')
      throw new InvalidSignIn('The site publishes no keys to check a sign-in with (jwks_uri)')
    return (await jwtVerify(idToken, new TextEncoder().encode(secret), { ...options, algorithms: ['HS256'] })).payload
  }

  #keysAt(uri: string): JWTVerifyGetKey {
    if (this.#keys?.uri !== uri)
      this.#keys = { uri, get: createRemoteJWKSet(new URL(uri), { [customFetch]: (url, init) => this.#fetchKeys(url, init) }) }
    return this.#keys.get
  }

  async #fetchKeys(url: string, init: RequestInit): Promise<Response> {
    const response = await this.#fetch(url, { ...init, redirect: 'manual' }).catch((cause: unknown) => {
      throw new UpstreamUnavailable('The keys of the site cannot be fetched: try again later', { cause })
    })
    if (response.status !== 200) throw new UpstreamUnavailable(`The site answered ${response.status} for its keys: try again later`)
    return response
  }
}

/** The left half of the token's SHA-256. */
const hashOf = async (token: string): Promise<string> => toBase64Url(fromBase64Url(await sha256(token)).slice(0, 16))
