import { OAUTH_PATHS } from '@annex/protocol'
import { page, type FakeReply } from '../replies.ts'
import type { FakeKind } from '../kinds.ts'

const OIDC_TYPES = ['code', 'token', 'code id_token', 'code token id_token', 'id_token', 'id_token token']

/** What a fake site says of itself, by its kind; undefined for paths that are none of its documents. */
export function describeSite(kind: FakeKind, path: string, issuer: string, odd: string | undefined): FakeReply | undefined {
  if (path === OAUTH_PATHS.serverMetadata)
    return kind === 'frappe-15' ? page(404, 'Not Found') : { json: serverMetadata(kind, issuer, odd) }
  if (path === OAUTH_PATHS.openidDiscovery) return openidDiscovery(kind, issuer, odd)
  if (path === OAUTH_PATHS.configuration)
    return { json: kind === 'annex' ? serverMetadata(kind, issuer, odd) : frappeDocument(issuer, odd) }
  return path.startsWith('/.well-known/') && path !== OAUTH_PATHS.jwks ? page(404, 'Not Found') : undefined
}

/** Frappe 15 sends to its method; the others answer at once. */
function openidDiscovery(kind: FakeKind, issuer: string, odd: string | undefined): FakeReply {
  if (kind === 'frappe-15') return { status: 301, headers: { location: OAUTH_PATHS.configuration }, html: '' }
  return { json: kind === 'annex' ? serverMetadata(kind, issuer, odd) : frappeDocument(issuer, odd) }
}

function serverMetadata(kind: FakeKind, site: string, odd: string | undefined): Record<string, unknown> {
  const own = {
    issuer: odd ?? site,
    authorization_endpoint: site + OAUTH_PATHS.authorize,
    token_endpoint: site + OAUTH_PATHS.token,
    revocation_endpoint: site + OAUTH_PATHS.revoke,
    introspection_endpoint: site + OAUTH_PATHS.introspect,
    userinfo_endpoint: site + OAUTH_PATHS.profile,
    registration_endpoint: site + OAUTH_PATHS.register,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic'],
  }
  if (kind !== 'annex') return { ...own, grant_types_supported: ['authorization_code', 'refresh_token'] }
  return {
    ...own,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    jwks_uri: site + OAUTH_PATHS.jwks,
    end_session_endpoint: site + OAUTH_PATHS.endSession,
    authorization_response_iss_parameter_supported: true,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
  }
}

/** The issuer is what somebody typed into the Social Login Key, and all addresses begin with it. */
function frappeDocument(site: string, odd: string | undefined): Record<string, unknown> {
  const base = odd ?? site
  return {
    issuer: base,
    authorization_endpoint: base + OAUTH_PATHS.authorize,
    token_endpoint: base + OAUTH_PATHS.token,
    userinfo_endpoint: base + OAUTH_PATHS.profile,
    revocation_endpoint: base + OAUTH_PATHS.revoke,
    introspection_endpoint: base + OAUTH_PATHS.introspect,
    response_types_supported: OIDC_TYPES,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['HS256'],
  }
}
