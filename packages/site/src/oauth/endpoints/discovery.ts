import { IDENTITY_SCOPES, OAUTH_PATHS, type ServerMetadata } from '@annex/protocol'
import { DETAILS_TYPE } from '../authorize/details/authorization-details.ts'
import type { SigningAlgorithm } from '../keys/key-ring.ts'
import type { SiteSettings } from '../settings.ts'

const SECRET_METHODS = ['client_secret_basic', 'client_secret_post']
const OWN_CLAIMS = ['sub', 'name', 'given_name', 'family_name', 'email', 'picture', 'roles']
const TOKEN_CLAIMS = ['iss', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'at_hash', 'azp', 'sid']

/** What of the metadata depends on the site. */
export interface MetadataFacts {
  /** The site's own origin. */
  readonly issuer: string
  readonly settings: SiteSettings
  readonly grantTypes: readonly string[]
  readonly algorithms: readonly SigningAlgorithm[]
}

/**
 * What this authorization server can do. DocTypes are not listed: a document's scope is `Sales.Invoice:read`.
 *
 * @see RFC 8414 section 2, OpenID Connect Discovery 1.0 section 3, RFC 9207 section 3, RFC 9728 section 4
 */
export function serverMetadata(facts: MetadataFacts): ServerMetadata {
  const { issuer } = facts
  return {
    issuer,
    ...endpoints(facts),
    scopes_supported: scopesSupported(facts.settings),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: facts.grantTypes,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: facts.algorithms,
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: [...SECRET_METHODS, 'none'],
    revocation_endpoint_auth_methods_supported: [...SECRET_METHODS, 'none'],
    introspection_endpoint_auth_methods_supported: SECRET_METHODS,
    claim_types_supported: ['normal'],
    claims_supported: [...OWN_CLAIMS, ...TOKEN_CLAIMS],
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    authorization_response_iss_parameter_supported: true,
    claims_parameter_supported: false,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    authorization_details_types_supported: [DETAILS_TYPE],
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    protected_resources: [issuer],
  }
}

function endpoints({ issuer, settings, grantTypes }: MetadataFacts) {
  const registers = settings.dynamicRegistration !== 'Off'
  const hasDevices = grantTypes.includes('urn:ietf:params:oauth:grant-type:device_code')
  return {
    authorization_endpoint: issuer + OAUTH_PATHS.authorize,
    token_endpoint: issuer + OAUTH_PATHS.token,
    userinfo_endpoint: issuer + OAUTH_PATHS.profile,
    revocation_endpoint: issuer + OAUTH_PATHS.revoke,
    introspection_endpoint: issuer + OAUTH_PATHS.introspect,
    end_session_endpoint: issuer + OAUTH_PATHS.endSession,
    ...(hasDevices ? { device_authorization_endpoint: issuer + OAUTH_PATHS.deviceAuthorization } : {}),
    ...(registers ? { registration_endpoint: issuer + OAUTH_PATHS.register } : {}),
    jwks_uri: issuer + OAUTH_PATHS.jwks,
  }
}

/** Who the user is, everything, and the sets that the site's managers made. */
const scopesSupported = ({ scopeSets }: SiteSettings): string[] => [
  ...IDENTITY_SCOPES,
  'all',
  ...[...scopeSets.keys()].map((name) => `set:${name}`),
]

/**
 * Where a client of this site's API finds out whom to ask for a token.
 *
 * Clients that were never registered here ask for all the scopes that are listed: where programs may register themselves, these
 * are the ones that such a program can get.
 *
 * @param path - of the resource below the site, when the client named one
 * @see RFC 9728 section 2
 */
export const resourceMetadata = (issuer: string, settings: SiteSettings, path = ''): object => ({
  resource: issuer + path,
  authorization_servers: [issuer],
  scopes_supported:
    settings.dynamicRegistration === 'Off'
      ? scopesSupported(settings)
      : settings.registrationScopes.filter((scope) => !scope.includes('*')),
  bearer_methods_supported: ['header'],
  resource_name: 'Annex',
})
