import { OAuthError } from '@annex/protocol'
import { requireParameter } from '../endpoints/parameters.ts'
import { readTokenGrant } from '../grants/tokens-store.ts'
import { tokenKey } from '../token-text.ts'
import type { GrantType } from './grant-type.ts'
import type { GrantTypeParts } from './grant-type-parts.ts'
import { narrow } from './narrowing.ts'

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
    const grant = await readTokenGrant(parts.database.connection, tokenKey(token), client.id)
    if (!grant || !(await parts.admission.allows(client, grant.user))) throw refusal()
    const outcome = await parts.tokens.rotate({
      refreshToken: token,
      grant: grant.id,
      client,
      narrow: (row) => narrow(row, request, parts),
    })
    if (outcome.kind === 'rotated') return { tokens: outcome.tokens, grant }
    if (outcome.kind === 'reused') await parts.grants.revoke({ id: outcome.grant }, 'token_reuse')
    throw refusal()
  }
}
