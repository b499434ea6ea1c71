import { FrappeError } from '@annex/protocol'
import { claimsOf } from '../fake-users.ts'
import { TRAITS } from '../kinds.ts'
import { oauthError, page, refused, type FakeReply, type FakeRequest } from '../replies.ts'
import type { FakePair } from './grants.ts'
import type { FakeClient, OAuthParts } from './oauth-parts.ts'

/** Between a Frappe's clock and the expiry that it tells, in seconds: its zone is mixed up with the machine's. */
const FRAPPE_SHIFT_S = 19_800

/** The refusal of a client that does not prove itself, by header or body; undefined for one that does. */
export function unknownClient(
  { headers }: Pick<FakeRequest, 'headers'>,
  form: URLSearchParams,
  clients: ReadonlyMap<string, FakeClient>,
): FakeReply | undefined {
  const [id, secret] = readBasic(headers.get('authorization')) ?? [form.get('client_id') ?? '', form.get('client_secret') ?? undefined]
  const client = clients.get(id)
  return client !== undefined && client.secret === secret ? undefined : oauthError(401, 'invalid_client')
}

function readBasic(header: string | null): [string, string] | undefined {
  const encoded = /^basic (.+)$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  const [id = '', secret = ''] = atob(encoded)
    .split(':')
    .map((part) => new URLSearchParams(`v=${part}`).get('v') ?? '')
  return [id, secret]
}

/** A Frappe wonders at a session without its owner, or an owner without a session. */
export function isHalfSession(headers: Headers): boolean {
  const cookies = headers.get('cookie') ?? ''
  return /(^|; )sid=/.test(cookies) !== /(^|; )user_id=/.test(cookies)
}

/** @see RFC 7009; and what Frappe makes of it */
export function giveBack(request: FakeRequest, { kind, grants, clients }: OAuthParts): FakeReply {
  const form = new URLSearchParams(request.body)
  const token = form.get('token') ?? ''
  if (TRAITS[kind].frappe) return frappeGiveBack(request, form, { access: grants.byAccess(token), refresh: grants.byRefresh(token) })
  const refusal = unknownClient(request, form, clients)
  if (refusal !== undefined) return refusal
  const pair = grants.byAccess(token) ?? grants.byRefresh(token)
  if (pair !== undefined) pair.grant.revoked = true
  return {}
}

function frappeGiveBack(
  { headers, query }: FakeRequest,
  form: URLSearchParams,
  { access, refresh }: { access: FakePair | undefined; refresh: FakePair | undefined },
): FakeReply {
  if (headers.has('authorization')) return { status: 401 }
  if (query.size > 0 || !form.get('token')) return { status: 400 }
  const hinted = form.get('token_type_hint') === 'refresh_token'
  const known = hinted ? refresh : access
  if (!form.has('client_id') && (known === undefined || hinted))
    return refused(new FrappeError('DoesNotExistError', 'OAuth Bearer Token not found'))
  // Without the hint a refresh token is not found, and nobody is told.
  if (known !== undefined) known.revoked = true
  return {}
}

/** @see RFC 7662; a Frappe calls expired tokens active, and is open to all */
export function introspect(request: FakeRequest, { kind, grants, clients, users, issuer }: OAuthParts): FakeReply {
  const { frappe } = TRAITS[kind]
  const form = request.method === 'GET' ? request.query : new URLSearchParams(request.body)
  const refusal = frappe ? undefined : unknownClient(request, form, clients)
  if (refusal !== undefined) return refusal
  const token = form.get('token') ?? ''
  const pair = frappe && form.get('token_type_hint') === 'refresh_token' ? grants.byRefresh(token) : grants.byAccess(token)
  const active = pair !== undefined && (frappe ? isStanding(pair) : grants.good(token) !== undefined)
  if (pair === undefined || (!active && !frappe)) return { json: { active: false } }
  const exp = Math.floor(pair.accessEnds / 1000) + (frappe ? FRAPPE_SHIFT_S : 0)
  const own = { client_id: pair.grant.client, ...(frappe ? { trusted_client: 0 } : {}), active, exp, scope: pair.scopes.join(' ') }
  return { json: { ...own, ...claimsOf(users, pair.grant.user), iss: issuer() } }
}

const isStanding = (pair: FakePair): boolean => !pair.revoked && !pair.grant.revoked

/** @see OpenID Connect Core section 5.3 */
export function profile({ headers }: FakeRequest, { kind, grants, users, issuer, faults }: OAuthParts): FakeReply {
  const header = headers.get('authorization')
  const pair = grants.good(/^bearer (\S+)$/i.exec(header ?? '')?.[1] ?? '')
  const { frappe } = TRAITS[kind]
  if (pair === undefined)
    return refused(
      frappe && header === null
        ? new FrappeError('PermissionError', 'Not permitted')
        : new FrappeError('AuthenticationError', 'The token is not valid'),
    )
  if (!frappe && !pair.grant.scopes.includes('openid')) {
    const challenge = { 'WWW-Authenticate': 'Bearer error="insufficient_scope", scope="openid"' }
    return refused(new FrappeError('PermissionError', 'The token does not cover this', { headers: challenge }))
  }
  return { json: { ...claimsOf(users, pair.grant.user), iss: (frappe ? faults.announcedIssuer : undefined) ?? issuer() } }
}

/** @see OpenID Connect RP-Initiated Logout 1.0 */
export function endSession(query: URLSearchParams): FakeReply {
  const target = query.get('post_logout_redirect_uri')
  if (target === null || !URL.canParse(target)) return page(200, 'Signed out')
  const url = new URL(target)
  const state = query.get('state')
  if (state !== null) url.searchParams.set('state', state)
  return { status: 303, headers: { location: url.href }, html: '' }
}
