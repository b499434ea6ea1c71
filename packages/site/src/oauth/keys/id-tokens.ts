import { createHash } from 'node:crypto'
import { OAuthError, isRecord, type Claims } from '@annex/protocol'
import { SignJWT, decodeProtectedHeader, jwtVerify, type JWK } from 'jose'
import type { KeyRing, SigningKey } from './key-ring.ts'

/** Seconds that an id_token holds. */
const ID_TOKEN_LIFE = 3600

export interface IdTokenRequest {
  readonly issuer: string
  readonly client: string
  readonly claims: Claims
  readonly accessToken: string
  readonly nonce: string | null
  /** Seconds since 1970: when the user signed in. */
  readonly authTime: number
  /** Seconds since 1970. */
  readonly now: number
}

/** Signs and judges id_tokens with the key ring. ES256 alone, so no key can be taken for another algorithm's. */
export class IdTokens {
  readonly #ring: KeyRing

  constructor(ring: KeyRing) {
    this.#ring = ring
  }

  /** Public parts of next, current and retired keys: a verifier's cache knows a key before its first use. */
  jwks(): { keys: JWK[] } {
    return { keys: this.#ring.signing.map((key) => key.publicJwk) }
  }

  /** @see OpenID Connect Core sections 2 and 3.1.3.6 */
  async issue(request: IdTokenRequest): Promise<string> {
    const { iss: _, ...claims } = request.claims
    const nonce = request.nonce === null ? {} : { nonce: request.nonce }
    const payload = { ...nonce, at_hash: accessTokenHash(request.accessToken), auth_time: request.authTime, azp: request.client, ...claims }
    const key = this.#current()
    return new SignJWT(payload)
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: key.kid })
      .setAudience(request.client)
      .setIssuer(request.issuer)
      .setIssuedAt(request.now)
      .setExpirationTime(request.now + ID_TOKEN_LIFE)
      .sign(key.privateKey)
  }

  /**
   * The `sub` of an id_token of ours that is shown as a hint; one that has expired still says whom it was for.
   *
   * @throws {OAuthError} `invalid_request` when it was not signed by a key of ours for this issuer
   */
  async readHint(hint: string, issuer: string): Promise<string> {
    try {
      const { kid } = decodeProtectedHeader(hint)
      const key = this.#ring.signing.find((candidate) => candidate.kid === kid)
      if (!key) throw new Error('not our key')
      const { payload } = await jwtVerify(hint, key.publicJwk, { algorithms: ['ES256'], issuer, currentDate: new Date(0) })
      if (isRecord(payload) && typeof payload['sub'] === 'string') return payload['sub']
      throw new Error('no sub')
    } catch {
      throw new OAuthError('invalid_request', 'id_token_hint is not an id_token of this site')
    }
  }

  #current(): SigningKey {
    const key = this.#ring.signing.find((candidate) => candidate.state === 'current')
    if (!key) throw new Error('The key ring has no current signing key')
    return key
  }
}

/** The left half of the access token's SHA-256. */
const accessTokenHash = (accessToken: string): string =>
  createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url')
