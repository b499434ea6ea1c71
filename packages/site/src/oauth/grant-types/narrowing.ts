import { OAuthError, splitScope } from '@annex/protocol'
import type { Parameters } from '../endpoints/parameters.ts'
import { isForSite, narrowResources } from '../grants/resources.ts'
import type { Narrowed } from '../grants/tokens.ts'
import type { GrantRow } from '../storage/oauth-tables.ts'
import type { TokenRequest } from './grant-type.ts'
import { heldScopes, livingScopes, type GrantTypeParts } from './grant-type-parts.ts'

type NarrowingParts = Pick<GrantTypeParts, 'issuer' | 'doctypeOf'>

/**
 * What tokens of a grant hold: its rights, or those of them that the request names. `scope` and `resource` may narrow
 * and never widen. What the app first asked for is taken as what it was granted: many libraries always send
 * their whole list again, and a box that was unticked must not end every refresh.
 *
 * @throws {OAuthError} `invalid_scope`, `invalid_target`; `invalid_grant` when the site's address has changed since
 * @see RFC 6749 section 6, RFC 8707 section 2.2
 */
export function narrow(grant: GrantRow, { client, parameters }: TokenRequest, { issuer: issuerOf, doctypeOf }: NarrowingParts): Narrowed {
  const issuer = issuerOf()
  const asked = askedScopes(parameters, splitScope(grant.granted), splitScope(grant.requested))
  const held = heldScopes(grant, client, livingScopes(asked, grant, doctypeOf))
  if (held === '') throw new OAuthError('invalid_scope', 'The app may not have any of these rights any more')
  const resource = narrowResources(parameters.get('resource'), grant.resource, issuer)
  if (!isForSite(resource, issuer)) throw new OAuthError('invalid_grant', 'This site has another address now; sign in again')
  return { asked: asked.join(' '), held, resource }
}

function askedScopes(parameters: Parameters, granted: readonly string[], requested: readonly string[]): string[] {
  const sent = splitScope(parameters.get('scope'))
  if (sent.length === 0 || isSameSet(sent, requested)) return [...granted]
  if (!sent.every((scope) => granted.includes(scope)))
    throw new OAuthError('invalid_scope', 'Ask for what was granted, or for less; more needs a new authorization')
  return granted.filter((scope) => sent.includes(scope))
}

const isSameSet = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((entry) => b.includes(entry))
