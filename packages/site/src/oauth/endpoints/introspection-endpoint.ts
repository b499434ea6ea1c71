import { OAuthError, splitScope, type Claims } from '@annex/protocol'
import type { Database } from '@annex/database'
import { addressBlock } from '../../http/address-block.ts'
import type { Answer, Exchange } from '../../http/exchange.ts'
import type { Limits } from '../../http/limits.ts'
import type { Principal } from '../../policy/principal.ts'
import type { Admission } from '../admission.ts'
import { grantedDetails } from '../authorize/details/granted-details.ts'
import { claimsOf } from '../claims.ts'
import { isConfidential, type Client } from '../clients/client.ts'
import type { ClientAuthentication } from '../clients/authentication/client-authentication.ts'
import { audienceOf, isForSite } from '../grants/resources.ts'
import { readLiveToken, type LiveToken } from '../grants/tokens-store.ts'
import type { OAuthParts } from '../oauth-parts.ts'
import { hashOf } from '../token-text.ts'
import { parseParameters, requireParameter } from './parameters.ts'

export interface IntrospectionParts extends Pick<OAuthParts, 'users' | 'issuer' | 'now'> {
  readonly database: Database
  readonly clients: ClientAuthentication
  readonly admission: Admission
  /** Unknown tokens that one client asks about. */
  readonly unknown: Limits
}

const INACTIVE = { active: false } as const

/**
 * Says whether a token of the calling client is good, and for what; of any other token that it is not, and nothing else.
 *
 * @throws {OAuthError} `invalid_client` without a client's secret
 * @see RFC 7662 section 2
 */
export async function introspectionEndpoint(exchange: Exchange<Principal>, parts: IntrospectionParts): Promise<Answer> {
  const parameters = parseParameters(exchange)
  const client = await parts.clients.require({ parameters, authorization: exchange.headers['authorization'], ip: exchange.ip })
  if (!isConfidential(client)) throw new OAuthError('invalid_client', 'Introspection needs a client with a secret')
  const token = requireParameter(parameters, 'token')
  const counted = [addressBlock(exchange.ip), client.id] as const
  await parts.unknown.check(...counted)
  const live = await readLiveToken(parts.database.connection, hashOf(token), parts.now())
  const isGood = live?.client === client.id && isForSite(live.resource, parts.issuer()) && (await parts.admission.knows(live.user))
  if (!isGood) {
    await parts.unknown.count(...counted)
    return { json: INACTIVE }
  }
  return { json: await describe(live, client, parts) }
}

async function describe(live: LiveToken, client: Client, { users, issuer }: IntrospectionParts): Promise<object> {
  const scopes = new Set(splitScope(live.scope))
  const isOwn = live.kindOfGrant === 'service'
  const person = scopes.has('openid') || isOwn ? await users.person(live.user) : undefined
  // An app that acts for itself is told as whom: an administrator named that user on it.
  const own = isOwn && person ? { sub: person.sub, username: live.user } : {}
  const claims: Partial<Claims> = person && !isOwn ? claimsOf(person, scopes, client, issuer()) : {}
  const details = grantedDetails(live.scope, live)
  return {
    client_id: client.id,
    trusted_client: client.trusted ? 1 : 0,
    active: true,
    exp: Math.floor(live.expires / 1_000_000),
    scope: live.scope,
    ...(details === undefined ? {} : { authorization_details: details }),
    ...claims,
    ...(claims.email === undefined ? own : { username: live.user }),
    token_type: live.kind === 'access' ? 'Bearer' : 'refresh_token',
    iat: Math.floor(live.issued / 1_000_000),
    aud: audienceOf(live.resource, issuer()),
    iss: issuer(),
  }
}
