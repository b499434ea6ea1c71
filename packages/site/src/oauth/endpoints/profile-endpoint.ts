import { FrappeError } from '@annex/protocol'
import type { Answer, Exchange } from '../../http/exchange.ts'
import type { Principal } from '../../policy/principal.ts'
import { claimsOf } from '../claims.ts'
import { readClient } from '../clients/clients-store.ts'
import type { OAuthParts } from '../oauth-parts.ts'
import type { BearerRefusals } from '../bearer/refused/bearer-refusals.ts'

export interface ProfileParts extends Pick<OAuthParts, 'database' | 'users' | 'issuer' | 'now'> {
  /** Where it is remembered of a token that its app, or its user, is gone since the call was let in. */
  readonly refusals: Pick<BearerRefusals, 'refuse'>
  readonly resourceMetadata: () => string
}

/**
 * Who the token's user is. A token alone opens it, and one with `openid`.
 *
 * @throws {FrappeError} `AuthenticationError` (401) without a token, `PermissionError` (403) with `insufficient_scope`
 * @see OpenID Connect Core section 5.3
 */
export async function profileEndpoint(exchange: Exchange<Principal>, parts: ProfileParts): Promise<Answer> {
  const { caller, ip } = exchange
  const { token, user } = caller
  if (!token) throw tokenNeeded(parts.resourceMetadata())
  if (!token.scopes.has('openid')) throw insufficientScope(parts.resourceMetadata())
  const [client, person] = await Promise.all([readClient(parts.database.connection, token.client), parts.users.person(user)])
  if (!client || !person)
    throw await parts.refusals.refuse({ hash: token.hash, ip, now: parts.now(), ...(person ? {} : { beyond: 'user' }) })
  return { json: claimsOf(person, token.scopes, client, parts.issuer()) }
}

const tokenNeeded = (resourceMetadata: string): FrappeError =>
  new FrappeError('AuthenticationError', 'The profile answers an access token alone; send it as Authorization: Bearer', {
    headers: { 'www-authenticate': `Bearer resource_metadata="${resourceMetadata}"` },
  })

const insufficientScope = (resourceMetadata: string): FrappeError =>
  new FrappeError('PermissionError', 'This app was not granted openid; ask the user for it', {
    errorMessage: true,
    headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="openid", resource_metadata="${resourceMetadata}"` },
  })
