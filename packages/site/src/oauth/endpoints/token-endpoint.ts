import { OAuthError, type TokenResponse } from '@annex/protocol'
import type { Answer, Exchange } from '../../http/exchange.ts'
import type { Principal } from '../../policy/principal.ts'
import { claimsOf } from '../claims.ts'
import type { Client } from '../clients/client.ts'
import type { ClientAuthentication } from '../clients/client-authentication.ts'
import type { GrantType, TokenGrant } from '../grant-types/grant-type.ts'
import type { IdTokens } from '../keys/id-tokens.ts'
import type { OAuthParts } from '../oauth-parts.ts'
import { parseParameters, requireParameter } from './parameters.ts'

export interface TokenEndpointParts extends Pick<OAuthParts, 'users' | 'issuer' | 'now'> {
  readonly clients: ClientAuthentication
  readonly grantTypes: ReadonlyMap<string, GrantType>
  readonly idTokens: IdTokens
}

/** @see RFC 6749 section 3.2 */
export async function tokenEndpoint(exchange: Exchange<Principal>, parts: TokenEndpointParts): Promise<Answer> {
  const parameters = parseParameters(exchange)
  const name = requireParameter(parameters, 'grant_type')
  const client = await parts.clients.require({ parameters, authorization: exchange.headers['authorization'], ip: exchange.ip })
  const grantType = parts.grantTypes.get(name)
  if (!grantType) throw new OAuthError('unsupported_grant_type', `This site gives tokens for ${[...parts.grantTypes.keys()].join(' and ')}`)
  const granted = await grantType({ client, parameters, ip: exchange.ip })
  return { headers: { pragma: 'no-cache' }, json: await responseOf(granted, client, parts) }
}

async function responseOf(granted: TokenGrant, client: Client, parts: TokenEndpointParts): Promise<TokenResponse> {
  const { access, refresh, scope, life } = granted.tokens
  const idToken = await idTokenOf(granted, client, parts)
  return {
    access_token: access,
    expires_in: Math.ceil(life / 1_000_000),
    token_type: 'Bearer',
    scope,
    refresh_token: refresh,
    ...(idToken === undefined ? {} : { id_token: idToken }),
  }
}

async function idTokenOf(
  { identity, tokens }: TokenGrant,
  client: Client,
  { users, idTokens, issuer, now }: TokenEndpointParts,
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
