import { createHash } from 'node:crypto'
import { OAuthError, isRecord, type Claims } from '@annex/protocol'
import type { JWK } from 'jose'
import { decodeProtectedHeader } from 'jose/decode/protected_header'
import { jwtVerify } from 'jose/jwt/verify'
import { SIGNING_ALGORITHMS, type KeyRing, type SigningAlgorithm, type SigningKey } from './key-ring.ts'
import { PUBLISHED_AFTER_USE } from './rotation/rotated-ring.ts'
import { signJwt, signJwtWithSecret } from './sign-jwt.ts'

/** Seconds that an id_token holds. */
const ID_TOKEN_LIFE = 3600
/** And a logout token, which is heeded at once or not. */
const LOGOUT_TOKEN_LIFE = 120
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'

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
  /** The session as this client may know it; absent where the client is not told of its end. */
  readonly sid?: string | undefined
  /** RS256 where the ring has a key for it; ES256 otherwise, and without it. */
  readonly alg?: SigningAlgorithm
  /** The client's own secret, for one of old that checks HS256 alone; nobody else can check that one. */
  readonly secret?: string | undefined
}

export interface LogoutTokenRequest {
  readonly issuer: string
  readonly client: string
  /** One of the two, or both. */
  readonly sub: string | undefined
  readonly sid: string | undefined
  /** Never used before. */
  readonly jti: string
  /** Seconds since 1970. */
  readonly now: number
  readonly alg?: SigningAlgorithm
}

/** What an id_token of ours says when it comes back. */
export interface Hint {
  readonly sub: string
  /** The client that it was for. */
  readonly client: string | undefined
  readonly sid: string | undefined
}

/** Signs and judges id_tokens with the key ring. Each key has one algorithm, so none can be taken for another's. */
export class IdTokens {
  readonly #ring: KeyRing

  constructor(ring: KeyRing) {
    this.#ring = ring
  }

  /**
   * Public parts of next, current and retired keys: a verifier's cache knows a key before its first use, and one that retired
   * is there until the last id_token of it is out.
   *
   * @param now - microseconds
   */
  jwks(now: number): { keys: JWK[] } {
    const isOut = (key: SigningKey): boolean => key.state === 'retired' && key.since !== undefined && key.since + PUBLISHED_AFTER_USE < now
    return { keys: this.#ring.signing.filter((key) => !isOut(key)).map((key) => key.publicJwk) }
  }

  /** Those that the ring has a current key for. */
  algorithms(): SigningAlgorithm[] {
    return SIGNING_ALGORITHMS.filter((alg) => this.#current(alg) !== undefined)
  }

  /** @see OpenID Connect Core sections 2 and 3.1.3.6 */
  async issue(request: IdTokenRequest): Promise<string> {
    const { nonce, now } = request
    const own = {
      ...(nonce === null ? {} : { nonce }),
      at_hash: accessTokenHash(request.accessToken),
      auth_time: request.authTime,
      azp: request.client,
      sid: request.sid,
    }
    const claims = { ...own, ...request.claims, aud: request.client, iss: request.issuer, iat: now, exp: now + ID_TOKEN_LIFE }
    return request.secret === undefined ? signJwt(this.#signing(request.alg), 'JWT', claims) : signJwtWithSecret(request.secret, claims)
  }

  /**
   * Says to a client that a person, or one session of theirs, is signed out.
   *
   * @see OpenID Connect Back-Channel Logout 1.0 section 2.4
   */
  async issueLogout(request: LogoutTokenRequest): Promise<string> {
    const { sub, sid, jti, now } = request
    // The type and the lack of a nonce keep it from being taken for an id_token.
    const about = { sub, sid, events: { [LOGOUT_EVENT]: {} }, jti }
    const claims = { ...about, aud: request.client, iss: request.issuer, iat: now, exp: now + LOGOUT_TOKEN_LIFE }
    return signJwt(this.#signing(request.alg), 'logout+jwt', claims)
  }

  /**
   * The `sub` of an id_token of ours that is shown as a hint; one that has expired still says whom it was for.
   *
   * @throws {OAuthError} `invalid_request` when it was not signed by a key of ours for this issuer
   */
  async readHint(hint: string, issuer: string): Promise<string> {
    return (await this.readHintClaims(hint, issuer)).sub
  }

  /** As `readHint`, with whom it was for. */
  async readHintClaims(hint: string, issuer: string): Promise<Hint> {
    try {
      const { kid } = decodeProtectedHeader(hint)
      const key = this.#ring.signing.find((candidate) => candidate.kid === kid)
      if (!key) throw new Error('not our key')
      const { payload } = await jwtVerify(hint, key.publicJwk, { algorithms: [key.alg], issuer, typ: 'JWT', currentDate: new Date(0) })
      if (!isRecord(payload) || typeof payload['sub'] !== 'string') throw new Error('no sub')
      return { sub: payload['sub'], client: textIn(payload['aud']), sid: textIn(payload['sid']) }
    } catch {
      throw new OAuthError('invalid_request', 'id_token_hint is not an id_token of this site')
    }
  }

  #signing(alg: SigningAlgorithm | undefined): SigningKey {
    const key = (alg && this.#current(alg)) ?? this.#current('ES256')
    if (!key) throw new Error('The key ring has no current signing key')
    return key
  }

  #current(alg: SigningAlgorithm): SigningKey | undefined {
    return this.#ring.signing.find((candidate) => candidate.state === 'current' && candidate.alg === alg)
  }
}

const textIn = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** The left half of the access token's SHA-256. */
const accessTokenHash = (accessToken: string): string =>
  createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url')
