import { IDENTITY_SCOPES, OAUTH_PATHS, type ServerMetadata } from '@annex/protocol'

const SCOPES = [...IDENTITY_SCOPES, 'all']
const SECRET_METHODS = ['client_secret_basic', 'client_secret_post']

/** What this authorization server can do. DocTypes are not listed: a document's scope is `Sales.Invoice:read`. @see RFC 8414 section 2 */
export function serverMetadata(issuer: string): ServerMetadata {
  return {
    issuer,
    authorization_endpoint: issuer + OAUTH_PATHS.authorize,
    token_endpoint: issuer + OAUTH_PATHS.token,
    userinfo_endpoint: issuer + OAUTH_PATHS.profile,
    revocation_endpoint: issuer + OAUTH_PATHS.revoke,
    introspection_endpoint: issuer + OAUTH_PATHS.introspect,
    jwks_uri: issuer + OAUTH_PATHS.jwks,
    scopes_supported: SCOPES,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: [...SECRET_METHODS, 'none'],
    revocation_endpoint_auth_methods_supported: [...SECRET_METHODS, 'none'],
    introspection_endpoint_auth_methods_supported: SECRET_METHODS,
    claims_supported: [
      'sub',
      'name',
      'given_name',
      'family_name',
      'email',
      'picture',
      'roles',
      'iss',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'nonce',
      'at_hash',
      'azp',
    ],
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    authorization_response_iss_parameter_supported: true,
    claims_parameter_supported: false,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
  }
}

/** Where a client of this site's API finds out whom to ask for a token. @see RFC 9728 section 2 */
export const resourceMetadata = (issuer: string): object => ({
  resource: issuer,
  authorization_servers: [issuer],
  scopes_supported: SCOPES,
  bearer_methods_supported: ['header'],
  resource_name: 'Annex',
})
