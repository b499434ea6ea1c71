import type { Client } from '../clients/client.ts'
import type { Parameters } from '../endpoints/parameters.ts'
import type { GrantRow } from '../storage/oauth-tables.ts'
import type { IssuedTokens } from '../grants/tokens.ts'

/** A request to the token endpoint whose client is proven. */
export interface TokenRequest {
  readonly client: Client
  readonly parameters: Parameters
  readonly ip: string
}

/** What a grant type gives. */
export interface TokenGrant {
  readonly tokens: IssuedTokens
  /** What they hang from. */
  readonly grant: Pick<GrantRow, 'id' | 'user'>
  /** When an id_token comes along: whose, and for which authorization. */
  readonly identity?: { readonly grant: GrantRow; readonly nonce: string | null }
}

/**
 * One way to get tokens, named by `grant_type`.
 *
 * @throws {OAuthError} `invalid_grant`, `invalid_request`, `invalid_scope`, `unauthorized_client`
 */
export type GrantType = (request: TokenRequest) => Promise<TokenGrant>
