import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from 'jose'
import { AppRefused, InvalidSignIn, UpstreamUnavailable } from '../errors.ts'
import { fromBase64Url, sha256, toBase64Url } from '../sealing/base64.ts'
import type { RegisteredClient } from '../setup/client.ts'
import type { Site } from '../setup/site.ts'
import { SiteKeys } from '../setup/site-keys.ts'
import type { Send } from '../upstream/transport.ts'

/** Machines whose clocks are five minutes apart sign people in. */
const CLOCK_TOLERANCE_S = 300

export interface IdTokenChecks {
  readonly idToken: string
  readonly accessToken: string
  readonly nonce: string
}

/** Reads id_tokens of one site. */
export class IdTokens {
  readonly #clock: () => number
  readonly #keys: SiteKeys

  constructor(send: Send, clock: () => number) {
    this.#clock = clock
    // An id_token comes from the site itself: one under a key that is not known yet is worth a question at any time.
    this.#keys = new SiteKeys(send, 0)
  }

  /**
   * The claims of an id_token that was issued to this app, now, for this very sign-in.
   *
   * @throws {InvalidSignIn} when signature, issuer, audience, nonce, times or at_hash do not agree
   * @throws {AppRefused} when it is signed with another secret than the app's
   * @throws {UpstreamUnavailable} when the site's keys cannot be fetched
   * @see OpenID Connect Core 1.0 sections 3.1.3.7 and 3.1.3.8
   */
  async verify(site: Site, client: RegisteredClient, checks: IdTokenChecks): Promise<JWTPayload> {
    try {
      const claims = await this.#verified(site, client, checks.idToken)
      const { nonce, at_hash: hash, aud, azp } = claims
      if (nonce !== checks.nonce) throw new InvalidSignIn('The sign-in answers another request: start again')
      if (hash !== undefined && hash !== (await leftHalfOf(checks.accessToken)))
        throw new InvalidSignIn('The sign-in belongs to another access token: start again')
      if (azp === undefined ? Array.isArray(aud) && aud.length > 1 : azp !== client.id)
        throw new InvalidSignIn('The sign-in was issued for another app: start again')
      return claims
    } catch (error) {
      if ([InvalidSignIn, UpstreamUnavailable, AppRefused].some((kind) => error instanceof kind)) throw error
      throw new InvalidSignIn('The sign-in is not one that the site vouches for: start again', { cause: error })
    }
  }

  async #verified(site: Site, client: RegisteredClient, idToken: string): Promise<JWTPayload> {
    const options = {
      audience: client.id,
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(this.#clock()),
      requiredClaims: ['exp', 'iat'],
    }
    if (site.proof === 'secret') return verifiedBySecret(site, client.secret, idToken, options)
    const { payload } = await jwtVerify(idToken, this.#keys.at(site.proof.jwksUri), {
      ...options,
      issuer: site.issuer,
      algorithms: ['ES256', 'RS256'],
    })
    return payload
  }
}

/**
 * Frappe publishes no keys and signs with the client's secret; where there are keys, this road is closed. What it writes
 * for an issuer is what somebody typed, or what its proxy told it; the secret and the client's id prove the token.
 */
async function verifiedBySecret(site: Site, secret: string | undefined, idToken: string, options: JWTVerifyOptions): Promise<JWTPayload> {
  if (secret === undefined || decodeProtectedHeader(idToken).alg !== 'HS256')
    throw new InvalidSignIn('The site publishes no keys to check a sign-in with (jwks_uri)')
  const { payload } = await jwtVerify(idToken, new TextEncoder().encode(secret), { ...options, algorithms: ['HS256'] }).catch(
    (error: unknown) => {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error
      throw new AppRefused('invalid_client', 'it signs with another secret than the one that is set', { hint: 'secret' })
    },
  )
  const issuer = payload.iss ?? ''
  if (issuer === site.issuer || site.oddIssuers.includes(issuer)) return payload
  throw new InvalidSignIn(
    `The sign-in is from ${issuer || 'a site without a name'}, the app was told ${site.issuer}: start again, and if it happens again, have its administrator set the address`,
  )
}

/** Of the token's SHA-256: its at_hash. */
const leftHalfOf = async (token: string): Promise<string> => toBase64Url(fromBase64Url(await sha256(token)).slice(0, 16))
