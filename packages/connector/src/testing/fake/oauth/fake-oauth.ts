import { FrappeError, OAUTH_PATHS } from '@annex/protocol'
import { randomToken, sha256 } from '../../../core/sealing/base64.ts'
import { claimsOf } from '../fake-users.ts'
import { TRAITS } from '../kinds.ts'
import { oauthError, page, refused, type FakeReply, type FakeRequest } from '../replies.ts'
import { describeSite } from './discovery.ts'
import type { FakeGrant, FakePair } from './grants.ts'
import { accessTokenHash } from './id-tokens.ts'
import type { OAuthParts } from './oauth-parts.ts'
import { Registrations } from './registrations.ts'
import { endSession, giveBack, introspect, isHalfSession, profile, unknownClient } from './token-endpoints.ts'

/** What the person does on the consent page; all that is asked is allowed unless it says otherwise. */
export interface FakeChoice {
  /** A user's name; the first user of the site when absent. */
  readonly user?: string
  /** Scopes that are left out. */
  readonly untick?: readonly string[]
  readonly deny?: boolean
}

interface FakeCode {
  readonly grant: FakeGrant
  readonly challenge: string | null
  readonly nonce: string | null
  used: boolean
}

/** Characters that a Frappe takes in a query; one other, and it answers 500. */
const TAKEN = /^[\w.\-=&;:%+~,*@!()/?'$ #]*$/

/** The authorization server of a fake site. */
export class FakeOAuth {
  readonly #parts: OAuthParts
  readonly #codes = new Map<string, FakeCode>()
  readonly #registrations: Registrations

  constructor(parts: OAuthParts) {
    this.#parts = parts
    this.#registrations = new Registrations(parts.kind, parts.clients, parts.clock)
  }

  /** Undefined for paths that are not of the authorization server. */
  async answer(request: FakeRequest): Promise<FakeReply | undefined> {
    const { kind, issuer, faults, idTokens } = this.#parts
    const { path, query } = request
    if (path === OAUTH_PATHS.jwks) return kind === 'annex' ? { json: await idTokens.keys() } : page(404, 'Not Found')
    if (path === OAUTH_PATHS.authorize) return this.authorize(query)
    if (path === OAUTH_PATHS.token) return this.#token(request)
    if (path === OAUTH_PATHS.revoke) return giveBack(request, this.#parts)
    if (path === OAUTH_PATHS.introspect) return introspect(request, this.#parts)
    if (path === OAUTH_PATHS.profile) return profile(request, this.#parts)
    if (path === OAUTH_PATHS.register) return this.#registrations.answer(request)
    if (path === OAUTH_PATHS.endSession && kind === 'annex') return endSession(query)
    return describeSite(kind, path, issuer(), faults.announcedIssuer)
  }

  /** The person has signed in, sees the consent page and decides. */
  authorize(query: URLSearchParams, choice: FakeChoice = {}): FakeReply {
    const refusal = this.#refusal(query)
    if (refusal !== undefined) return refusal
    const { kind, faults } = this.#parts
    const target = new URL(query.get('redirect_uri')!)
    const { frappe } = TRAITS[kind]
    const denied = choice.deny ?? faults.deny
    if (denied) target.searchParams.set('error', 'access_denied')
    else target.searchParams.set('code', this.#code(query, choice))
    // Frappe leaves the state out of a denial, and never says who answers.
    if (query.has('state') && !(denied && frappe)) target.searchParams.set('state', query.get('state')!)
    if (!frappe) target.searchParams.set('iss', faults.answeredIssuer ?? this.#parts.issuer())
    return { status: frappe ? 302 : 303, headers: { location: target.href }, html: '' }
  }

  #refusal(query: URLSearchParams): FakeReply | undefined {
    const { kind, clients } = this.#parts
    const { frappe } = TRAITS[kind]
    if (frappe && [...query.values()].some((value) => !TAKEN.test(value)))
      return refused(new FrappeError('ValueError', 'Invalid characters in the query', { status: 500 }))
    const client = clients.get(query.get('client_id') ?? '')
    if (client === undefined) return oauthError(400, 'invalid_request', 'Invalid client_id parameter value.')
    const redirect = query.get('redirect_uri') ?? ''
    if (!URL.canParse(redirect)) return oauthError(400, 'invalid_request', 'Invalid redirect URI.')
    if (client.redirectUris !== undefined && !client.redirectUris.includes(redirect))
      return oauthError(400, 'invalid_request', 'Mismatching redirect URI.')
    if (query.get('response_type') !== 'code') return oauthError(400, 'unsupported_response_type')
    const method = query.get('code_challenge_method')
    if (method !== null && method !== 'S256') return oauthError(400, 'invalid_request', 'Transform algorithm not supported.')
    if (!frappe && client.secret === undefined && !query.has('code_challenge'))
      return oauthError(400, 'invalid_request', 'A public client must send a code_challenge')
    return undefined
  }

  #code(query: URLSearchParams, choice: FakeChoice): string {
    const { users, grants, faults } = this.#parts
    const user = choice.user ?? users[0]!.name
    const untick = choice.untick ?? faults.unticked
    const scopes = (query.get('scope') ?? '').split(' ').filter((scope) => scope !== '' && !untick.includes(scope))
    const code = randomToken()
    this.#codes.set(code, {
      grant: grants.open(user, query.get('client_id')!, scopes),
      challenge: query.get('code_challenge'),
      nonce: query.get('nonce'),
      used: false,
    })
    return code
  }

  async #token(request: FakeRequest): Promise<FakeReply> {
    const { tokenStatus, retryAfter } = this.#parts.faults
    if (tokenStatus !== undefined) return { status: tokenStatus, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter } }
    const isForm = /form/.test(request.headers.get('content-type') ?? '')
    const form = new URLSearchParams(isForm ? request.body : '')
    const refusal = TRAITS[this.#parts.kind].frappe ? this.#frappeRefusal(request, form) : unknownClient(request, form, this.#parts.clients)
    if (refusal !== undefined) return refusal
    if (form.get('grant_type') === 'refresh_token') return this.#refresh(form)
    return form.get('grant_type') === 'authorization_code' ? this.#redeem(form) : oauthError(400, 'unsupported_grant_type')
  }

  /** A Frappe asks for no secret, and takes any header of authorization for another's. */
  #frappeRefusal({ headers, query }: FakeRequest, form: URLSearchParams): FakeReply | undefined {
    if (/^basic /i.test(headers.get('authorization') ?? ''))
      return refused(new FrappeError('AuthenticationError', 'Failed to authenticate'))
    if (headers.has('authorization') || isHalfSession(headers)) return oauthError(400, 'invalid_client')
    if (query.size > 0)
      return { status: 400, json: { description: 'URL query parameters are not allowed', status_code: 400, error: 'invalid_request' } }
    const id = form.get('client_id')
    if (id === null && form.get('grant_type') === 'authorization_code')
      return refused(new FrappeError('AttributeError', 'NoneType has no attribute', { status: 500 }))
    if (id !== null && !this.#parts.clients.has(id)) return refused(new FrappeError('DoesNotExistError', `OAuth Client ${id} not found`))
    return undefined
  }

  async #redeem(form: URLSearchParams): Promise<FakeReply> {
    const { grants, faults } = this.#parts
    const { frappe } = TRAITS[this.#parts.kind]
    const code = this.#codes.get(form.get('code') ?? '')
    if (code === undefined || code.grant.client !== (form.get('client_id') ?? code.grant.client)) return oauthError(400, 'invalid_grant')
    if (code.used) {
      // Who shows a code twice has a copy of it: what came of it ends. A Frappe does not look.
      code.grant.revoked ||= !frappe
      return oauthError(400, 'invalid_grant')
    }
    const verifier = form.get('code_verifier')
    const proven = code.challenge === null || (verifier !== null && (await sha256(verifier)) === code.challenge)
    // A wrong proof may be tried again; at a Frappe a missing one may not.
    code.used = proven || (frappe && verifier === null)
    if (!proven) return oauthError(400, 'invalid_grant')
    const pair = grants.issue(code.grant, faults.expiresIn)
    const idToken = pair.scopes.includes('openid') ? { id_token: await this.#idToken(pair, code.nonce) } : {}
    return { json: { ...tokenBody(pair), ...idToken } }
  }

  #refresh(form: URLSearchParams): FakeReply {
    const { kind, grants, faults } = this.#parts
    const { frappe } = TRAITS[kind]
    const shown = form.get('refresh_token')
    if (frappe && shown === null) return oauthError(400, 'invalid_request', 'Missing refresh token parameter.')
    const pair = grants.byRefresh(shown ?? '')
    const own = pair !== undefined && (frappe || pair.grant.client === (form.get('client_id') ?? pair.grant.client))
    const next = own ? grants.renew(pair, faults.expiresIn) : undefined
    if (next !== undefined) return { json: tokenBody(next) }
    return frappe
      ? refused(new FrappeError('DoesNotExistError', 'OAuth Bearer Token not found'))
      : oauthError(400, 'invalid_grant', 'The refresh token is not good any more')
  }

  async #idToken({ grant, access }: FakePair, nonce: string | null): Promise<string> {
    const { kind, issuer, clock, faults, idTokens } = this.#parts
    const now = Math.floor(clock() / 1000)
    const { frappe } = TRAITS[kind]
    const claims = {
      aud: grant.client,
      iat: now,
      ...(nonce === null ? {} : { nonce }),
      at_hash: await accessTokenHash(access),
      exp: now + 3600,
      iss: frappe ? (faults.announcedIssuer ?? issuer()) : issuer(),
      ...(frappe ? {} : { sid: grant.sid }),
      ...claimsOf(this.#parts.users, grant.user),
    }
    return idTokens.sign({ ...claims, ...faults.claims })
  }
}

const tokenBody = ({ access, refresh, expiresIn, scopes }: FakePair): Record<string, unknown> => ({
  access_token: access,
  expires_in: expiresIn,
  token_type: 'Bearer',
  scope: scopes.join(' '),
  refresh_token: refresh,
})
