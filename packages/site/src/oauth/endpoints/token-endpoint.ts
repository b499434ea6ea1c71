import { OAuthError, type ServiceTokenResponse, type TokenResponse } from '@annex/protocol'
import type { Answer, Exchange } from '../../http/exchange.ts'
import type { Principal } from '../../policy/principal.ts'
import { SITE_OFF } from '../access/api-access.ts'
import { claimsOf } from '../claims.ts'
import type { Client } from '../clients/client.ts'
import type { ClientAuthentication, ClientRequest } from '../clients/authentication/client-authentication.ts'
import { withinPolicy } from '../clients/rules/registration-policy.ts'
import type { GrantType, TokenGrant } from '../grant-types/grant-type.ts'
import type { IdTokens } from '../keys/id-tokens.ts'
import { sidFor } from '../logout/session-ids.ts'
import type { OAuthParts } from '../oauth-parts.ts'
import { parseParameters, requireParameter, type Parameters } from './parameters.ts'

export interface TokenEndpointParts extends Pick<OAuthParts, 'users' | 'issuer' | 'now' | 'settings' | 'audit'> {
  readonly clients: ClientAuthentication
  readonly grantTypes: ReadonlyMap<string, GrantType>
  readonly idTokens: IdTokens
}

/** @see RFC 6749 section 3.2 */
export async function tokenEndpoint(exchange: Exchange<Principal>, parts: TokenEndpointParts): Promise<Answer> {
  const parameters = parseParameters(exchange)
  const name = requireParameter(parameters, 'grant_type')
  const asked: Asked = { name }
  try {
    return await answer(exchange, parameters, asked, parts)
  } catch (error) {
    if (error instanceof OAuthError && !WAITING.has(error.code)) await noteRefusal(error, exchange.ip, asked, parts)
    throw error
  }
}

interface Asked {
  readonly name: string
  /** Once it is proven. */
  client?: Client
}

/** What a device is told until its user has decided. */
const WAITING: ReadonlySet<string> = new Set(['authorization_pending', 'slow_down'])

async function noteRefusal({ code: reason }: OAuthError, ip: string, { name, client }: Asked, parts: TokenEndpointParts): Promise<void> {
  const act = parts.grantTypes.has(name) ? name : 'an unknown grant type'
  await parts.audit.refuse({ event: 'oauth.token.refused', client: client?.id, ip, reason, act })
}

async function answer(exchange: Exchange<Principal>, parameters: Parameters, asked: Asked, parts: TokenEndpointParts): Promise<Answer> {
  const { name } = asked
  const request = { parameters, authorization: exchange.headers['authorization'], ip: exchange.ip, grantType: name }
  const client = await parts.clients.require(request)
  asked.client = client
  const settings = await parts.settings.read()
  if (!settings.apiAccess) throw new OAuthError('unauthorized_client', SITE_OFF)
  if (parameters.has('authorization_details'))
    throw new OAuthError(
      'invalid_authorization_details',
      'Send authorization_details with the authorization request; here scope narrows what was granted',
    )
  const grantType = parts.grantTypes.get(name)
  if (!grantType) throw new OAuthError('unsupported_grant_type', `This site gives tokens for ${[...parts.grantTypes.keys()].join(' and ')}`)
  const granted = await grantType({ client: withinPolicy(client, settings), parameters, ip: exchange.ip })
  const { id, user } = granted.grant
  const detail = { grant_type: name, scope: granted.tokens.scope }
  parts.audit.note({ event: 'oauth.token.issued', user, client: client.id, grant: id, ip: exchange.ip, detail })
  return { headers: { pragma: 'no-cache' }, json: await responseOf(granted, client, request, parts) }
}

async function responseOf(
  granted: TokenGrant,
  client: Client,
  request: ClientRequest,
  parts: TokenEndpointParts,
): Promise<ServiceTokenResponse & Pick<Partial<TokenResponse>, 'refresh_token' | 'id_token'>> {
  const { access, refresh, scope, life, details } = granted.tokens
  const idToken = await idTokenOf(granted, client, request, parts)
  const response: ServiceTokenResponse = {
    access_token: access,
    expires_in: Math.ceil(life / 1_000_000),
    token_type: 'Bearer',
    scope,
    ...(details === undefined ? {} : { authorization_details: details }),
  }
  return refresh === undefined ? response : { ...response, refresh_token: refresh, ...(idToken === undefined ? {} : { id_token: idToken }) }
}

async function idTokenOf(
  { identity, tokens }: TokenGrant,
  client: Client,
  request: ClientRequest,
  { clients, users, idTokens, issuer, now }: TokenEndpointParts,
): Promise<string | undefined> {
  const scopes = new Set(tokens.scope.split(' '))
  if (!identity || !scopes.has('openid')) return undefined
  const person = await users.person(identity.grant.user)
  if (!person) return undefined
  return idTokens.issue({
    issuer: issuer(),
    client: client.id,
    claims: claimsOf(person, scopes, client, issuer()),
    accessToken: tokens.access,
    nonce: identity.nonce,
    authTime: Math.floor(identity.grant.auth_time / 1_000_000),
    sid: sidFor(client, identity.grant.session),
    ...(client.rs256IdToken ? { alg: 'RS256' } : {}),
    secret: clients.hmacSecret(client, request),
    now: Math.floor(now() / 1_000_000),
  })
}

/** The token endpoint takes POST alone; the body is Frappe's. */
export async function refuseMethod(exchange: Pick<Exchange<unknown>, 'method'>): Promise<Answer> {
  return {
    status: 405,
    headers: { allow: 'POST' },
    json: { description: `Unsupported request method ${exchange.method}`, status_code: 405, error: 'invalid_request' },
  }
}
