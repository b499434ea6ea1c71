import { OAuthError, splitScope } from '@annex/protocol'
import { requireParameter, type Parameters } from '../endpoints/parameters.ts'
import { readTokenGrant } from '../grants/tokens-store.ts'
import type { Narrowed } from '../grants/tokens.ts'
import type { GrantRow } from '../storage/oauth-tables.ts'
import { hashOf } from '../token-text.ts'
import type { GrantType, TokenRequest } from './grant-type.ts'
import { heldScopes, type GrantTypeParts } from './grant-type-parts.ts'

const refusal = (): OAuthError => new OAuthError('invalid_grant', 'The refresh token is unknown, used, expired or revoked; sign in again')

/**
 * Exchanges a refresh token for the next pair and retires the one shown.
 *
 * Of any number of concurrent callers exactly one rotates; a repeat within the leeway gets the same pair. A token
 * whose successor was used means a copy is in other hands: its whole grant is revoked before this throws.
 *
 * @see RFC 6749 section 6, RFC 9700 section 4.14.2
 */
export function refreshToken(parts: GrantTypeParts): GrantType {
  return async (request) => {
    const { client, parameters } = request
    const token = requireParameter(parameters, 'refresh_token')
    const grant = await readTokenGrant(parts.database.connection, hashOf(token), client.id)
    if (!grant || !(await parts.admission.allows(client, grant.user))) throw refusal()
    const outcome = await parts.tokens.rotate({ refreshToken: token, client, narrow: (row) => narrow(row, request) })
    if (outcome.kind === 'rotated') return { tokens: outcome.tokens }
    if (outcome.kind === 'reused') await parts.grants.revoke({ id: outcome.grant }, 'token_reuse')
    throw refusal()
  }
}

/**
 * A `scope` may narrow and never widen. What the app first asked for is taken as what it was granted: many
 * libraries always send their whole list again, and a box that was unticked must not end every refresh.
 */
function narrow(grant: GrantRow, { client, parameters }: TokenRequest): Narrowed {
  const granted = splitScope(grant.granted)
  const asked = askedScopes(parameters, granted, splitScope(grant.requested))
  const held = heldScopes(grant, client, asked)
  if (held === '') throw new OAuthError('invalid_scope', 'The app may not have any of these rights any more')
  return { asked: asked.join(' '), held }
}

function askedScopes(parameters: Parameters, granted: readonly string[], requested: readonly string[]): string[] {
  const sent = splitScope(parameters.get('scope'))
  if (sent.length === 0 || isSameSet(sent, requested)) return [...granted]
  if (!sent.every((scope) => granted.includes(scope)))
    throw new OAuthError('invalid_scope', 'A refresh may ask for what was granted, or for less')
  return granted.filter((scope) => sent.includes(scope))
}

const isSameSet = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((entry) => b.includes(entry))
