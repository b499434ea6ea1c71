import { FrappeError } from '@annex/protocol'
import type { JSONWebKeySet, JWTPayload, JWTVerifyOptions } from 'jose'
import { JOSEError } from 'jose/errors'
import { createLocalJWKSet } from 'jose/jwks/local'
import { jwtVerify } from 'jose/jwt/verify'
import type { Outgoing } from '../../outgoing/outgoing.ts'
import { objectOf, type Provider } from './discover.ts'
import type { SocialKey } from './social-key.ts'

/** What proves that the answer belongs to the sign-in that this browser began. */
export interface Proof {
  readonly nonce: string
  /** RFC 7636. */
  readonly verifier: string
  /** Absolute; as it stood in the authorization request. */
  readonly redirectUri: string
}

/** Whom a provider has signed in. */
export interface Subject {
  readonly sub: string
  readonly claims: Readonly<Record<string, unknown>>
  readonly accessToken: string
}

/** Never `none`; and a secret signs only where there are no keys. */
const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
/** Seconds that the clocks may differ by. */
const TOLERANCE = 30
const LONGEST_SUBJECT = 255

/** The provider cannot be spoken to, or what it says cannot be believed. */
const distrusted = (sentence: string): FrappeError =>
  new FrappeError('AuthenticationError', `${sentence}; start again, and tell a System Manager if it stays so`, { status: 502 })

/** The calls to a provider after its answer. */
export class SocialTokens {
  readonly #outgoing: Outgoing

  constructor(outgoing: Outgoing) {
    this.#outgoing = outgoing
  }

  /**
   * Changes a code for an id_token that is verified: its signature, issuer, audience, end and nonce.
   *
   * @throws {FrappeError} `AuthenticationError` (502) when the provider refuses, cannot be reached or cannot be believed
   * @see OpenID Connect Core section 3.1.3
   */
  async redeem(key: SocialKey, secret: string, provider: Provider, code: string, proof: Proof): Promise<Subject> {
    const tokens = objectOf(await this.#outgoing.post(provider.tokenEndpoint, tokenRequest(key, secret, provider, code, proof)))
    const [idToken, accessToken] = [tokens?.['id_token'], tokens?.['access_token']]
    if (typeof idToken !== 'string' || typeof accessToken !== 'string') throw distrusted(`${key.label} did not confirm the sign-in`)
    const claims = await this.#verify(key, secret, provider, idToken, proof)
    return { sub: subjectOf(key, claims), claims, accessToken }
  }

  /** What the provider's profile says besides. @throws {FrappeError} when it is another's */
  async profile(key: SocialKey, provider: Provider, { sub, accessToken }: Subject): Promise<Readonly<Record<string, unknown>>> {
    if (provider.userinfoEndpoint === undefined) return {}
    const headers = { authorization: `Bearer ${accessToken}`, accept: 'application/json' }
    const profile = objectOf(await this.#outgoing.get(provider.userinfoEndpoint, { headers }))
    if (profile?.['sub'] !== sub) throw distrusted(`The profile that ${key.label} gave is not of the person who signed in`)
    return profile
  }

  async #verify(key: SocialKey, secret: string, provider: Provider, idToken: string, { nonce }: Proof): Promise<JWTPayload> {
    const rules: JWTVerifyOptions = { audience: key.clientId, clockTolerance: TOLERANCE, requiredClaims: ['exp', 'iat', 'nonce'] }
    try {
      const { payload } =
        provider.jwksUri === undefined
          ? // Such a Frappe names whatever was typed into a field as its issuer.
            await jwtVerify(idToken, new TextEncoder().encode(secret), { ...rules, algorithms: ['HS256'] })
          : await jwtVerify(idToken, createLocalJWKSet(await this.#keys(key, provider.jwksUri)), {
              ...rules,
              algorithms: ALGORITHMS,
              issuer: provider.issuer,
            })
      if (payload['nonce'] !== nonce) throw distrusted(`The answer of ${key.label} belongs to another sign-in`)
      const isForOthers = Array.isArray(payload.aud) && payload.aud.length > 1
      if ((isForOthers || payload['azp'] !== undefined) && payload['azp'] !== key.clientId)
        throw distrusted(`The answer of ${key.label} was made for another site`)
      return payload
    } catch (error) {
      if (error instanceof JOSEError || error instanceof TypeError)
        throw distrusted(`The id_token of ${key.label} does not prove who signed in`)
      throw error
    }
  }

  /** Read each time: a sign-in is rare, and a key that was taken back counts no more. */
  async #keys(key: SocialKey, jwksUri: string): Promise<JSONWebKeySet> {
    const found = objectOf(await this.#outgoing.get(jwksUri, { headers: { accept: 'application/json' } }))
    if (!Array.isArray(found?.['keys'])) throw distrusted(`The keys of ${key.label} cannot be read`)
    return { keys: found['keys'] as JSONWebKeySet['keys'] }
  }
}

/** @throws {FrappeError} when there is none: Frappe gives none for Administrator */
function subjectOf(key: SocialKey, { sub }: JWTPayload): string {
  if (typeof sub === 'string' && sub !== '' && sub.length <= LONGEST_SUBJECT) return sub
  throw distrusted(`${key.label} gives that account no name for other sites (sub); sign in there as somebody else`)
}

function tokenRequest(key: SocialKey, secret: string, provider: Provider, code: string, proof: Proof): Parameters<Outgoing['post']>[1] {
  const fields = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: proof.redirectUri,
    ...(provider.takesChallenges ? { code_verifier: proof.verifier } : {}),
    ...(provider.secretByHeader ? {} : { client_id: key.clientId, client_secret: secret }),
  }
  // RFC 6749 section 2.3.1: each part is encoded as in a form.
  const [id, password] = [key.clientId, secret].map((part) => new URLSearchParams({ part }).toString().slice('part='.length))
  return {
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      ...(provider.secretByHeader ? { authorization: `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}` } : {}),
    },
    body: new URLSearchParams(fields).toString(),
  }
}
