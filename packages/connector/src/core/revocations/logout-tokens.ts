import { errors, jwtVerify, type JWTPayload } from 'jose'
import { isRecord } from '@annex/protocol'
import { InvalidSignIn, UpstreamUnavailable } from '../errors.ts'
import type { Discovery } from '../setup/discovery.ts'
import { SiteKeys } from '../setup/site-keys.ts'
import type { Send } from '../upstream/transport.ts'
import type { SignOut } from './sign-out.ts'

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** Seconds that the clocks of the two may differ. */
const TOLERANCE_S = 300
/** Seconds that a logout token is good for: it is heeded at once, or sent anew. */
const LIFE_S = 120
const LONGEST_JTI = 256
/** Anybody may send a token. */
const KEYS_REST_MS = 30_000

export interface LogoutTokensParts {
  readonly discovery: Discovery
  readonly clientId: () => Promise<string>
  readonly send: Send
  /** Milliseconds since 1970. */
  readonly clock: () => number
}

/** Judges logout tokens of one site. */
export class LogoutTokens {
  readonly #parts: LogoutTokensParts
  readonly #keys: SiteKeys

  constructor(parts: LogoutTokensParts) {
    this.#parts = parts
    this.#keys = new SiteKeys(parts.send, KEYS_REST_MS)
  }

  /**
   * Whom the site has signed out, by a token that it signed for this app, now, and that is no id_token.
   *
   * @returns undefined when it is not one, for whatever reason
   * @throws {UpstreamUnavailable} when the site's keys cannot be had
   * @see OpenID Connect Back-Channel Logout 1.0 section 2.6
   */
  async verify(token: string): Promise<SignOut | undefined> {
    const { proof, issuer } = await this.#parts.discovery.site()
    // A site without keys signs sign-ins with the app's own secret, and sends no logout tokens.
    if (proof === 'secret') return undefined
    try {
      const { payload, protectedHeader } = await jwtVerify(token, this.#keys.at(proof.jwksUri), {
        issuer,
        algorithms: ['ES256', 'RS256'],
        clockTolerance: TOLERANCE_S,
        maxTokenAge: LIFE_S,
        currentDate: new Date(this.#parts.clock()),
        requiredClaims: ['iat', 'exp', 'jti', 'events', 'aud'],
      })
      // Only who has the site's key makes this app look up who it is.
      const isOurs = [payload.aud].flat().includes(await this.#parts.clientId())
      return isOurs && isLogoutType(protectedHeader.typ) ? signOutOf(payload) : undefined
    } catch (error) {
      if (error instanceof UpstreamUnavailable || error instanceof InvalidSignIn) throw error
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  }
}

/** A type of its own keeps it from being taken for an id_token, and an id_token for it. */
const isLogoutType = (typ: string | undefined): boolean => typ === undefined || /^(?:application\/)?logout\+jwt$/i.test(typ)

function signOutOf(claims: JWTPayload): SignOut | undefined {
  const { events, jti, sub, sid } = claims
  if ('nonce' in claims || !isRecord(events) || !isRecord(events[LOGOUT_EVENT])) return undefined
  if (typeof jti !== 'string' || jti === '' || jti.length > LONGEST_JTI) return undefined
  if (!isName(sub) || !isName(sid)) return undefined
  if (sub !== undefined) return { sub, sid, jti }
  return sid === undefined ? undefined : { sub, sid, jti }
}

/** A claim that is left out, or names somebody. */
const isName = (claim: unknown): claim is string | undefined => claim === undefined || (typeof claim === 'string' && claim !== '')
