/** Frappe's paths of the provider; apps built for Frappe v15 have them fixed. */
const BASE = '/api/method/frappe.integrations.oauth2.'
export const OAUTH_PATHS = {
  authorize: `${BASE}authorize`,
  approve: `${BASE}approve`,
  token: `${BASE}get_token`,
  revoke: `${BASE}revoke_token`,
  introspect: `${BASE}introspect_token`,
  profile: `${BASE}openid_profile`,
  configuration: `${BASE}openid_configuration`,
  openidDiscovery: '/.well-known/openid-configuration',
  serverMetadata: '/.well-known/oauth-authorization-server',
  resourceMetadata: '/.well-known/oauth-protected-resource',
  jwks: '/.well-known/jwks.json',
} as const

/** The answer of the token endpoint (RFC 6749 section 5.1). */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: 'Bearer'
  /** Seconds. */
  readonly expires_in: number
  readonly refresh_token: string
  readonly scope: string
  readonly id_token?: string
}

export interface OAuthErrorBody {
  readonly error: string
  readonly error_description?: string
  readonly error_uri?: string
}

/** Authorization server metadata (RFC 8414, OpenID Connect Discovery 1.0). */
export interface ServerMetadata {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly revocation_endpoint?: string
  readonly introspection_endpoint?: string
  readonly userinfo_endpoint?: string
  readonly jwks_uri?: string
  readonly authorization_response_iss_parameter_supported?: boolean
  readonly [key: string]: unknown
}

/** Claims of a person, in the order Frappe sends them. */
export interface Claims {
  readonly sub: string
  readonly name?: string
  readonly given_name?: string
  readonly family_name?: string | null
  readonly email?: string
  readonly picture?: string | null
  readonly roles?: readonly string[]
  readonly iss: string
}
