/** Frappe's paths of the provider; apps built for Frappe v15 have them fixed. */
const BASE = '/api/method/frappe.integrations.oauth2.'
export const OAUTH_PATHS = {
  authorize: `${BASE}authorize`,
  approve: `${BASE}approve`,
  token: `${BASE}get_token`,
  revoke: `${BASE}revoke_token`,
  introspect: `${BASE}introspect_token`,
  deviceAuthorization: `${BASE}device_authorization`,
  /** RFC 7591, where Frappe v16 has it. */
  register: `${BASE}register_client`,
  /** RP-Initiated Logout. */
  endSession: `${BASE}end_session`,
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
  /** What it may do where documents are limited (RFC 9396 section 7). */
  readonly authorization_details?: readonly object[]
}

/** The answer to an app that acts for itself: nothing to renew with, nobody to know (RFC 6749 section 4.4.3). */
export type ServiceTokenResponse = Omit<TokenResponse, 'refresh_token' | 'id_token'>

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
