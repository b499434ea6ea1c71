import { OAUTH_PATHS, type Filter } from '@annex/protocol'
import type { Answer, Exchange } from '../http/exchange.ts'
import { Limits } from '../http/limits.ts'
import type { RouteOptions } from '../http/routes/route.ts'
import type { HttpServer } from '../http/server.ts'
import type { Principal } from '../policy/principal.ts'
import type { AllowedOrigins } from './access/allowed-origins.ts'
import type { Admission } from './admission.ts'
import type { Apps } from './apps/apps.ts'
import { connectedAppsRoutes } from './apps/connected-apps-routes.ts'
import { myAppsRoutes } from './apps/my-apps-routes.ts'
import { ApproveEndpoint } from './authorize/approve-endpoint.ts'
import { AuthorizeEndpoint } from './authorize/authorize-endpoint.ts'
import { Codes } from './authorize/codes.ts'
import { CONSENT_FORM_LIMIT } from './authorize/consent/consent-form.ts'
import type { ClientAuthentication } from './clients/authentication/client-authentication.ts'
import type { Clients } from './clients/clients.ts'
import { deviceAuthorizationEndpoint } from './device/device-authorization-endpoint.ts'
import { devicePageRoutes } from './device/device-page-routes.ts'
import type { BearerRefusals } from './bearer/refused/bearer-refusals.ts'
import { discoveryRoutes } from './endpoints/discovery-routes.ts'
import type { Explain } from './explain/explain.ts'
import { explainRoutes } from './explain/explain-routes.ts'
import { commandOf, inEveryVersion } from './endpoints/every-version.ts'
import { introspectionEndpoint, KnownAnswers } from './endpoints/introspection-endpoint.ts'
import { profileEndpoint } from './endpoints/profile-endpoint.ts'
import { revocationEndpoint } from './endpoints/revocation-endpoint.ts'
import { refuseMethod, tokenEndpoint } from './endpoints/token-endpoint.ts'
import type { GrantType } from './grant-types/grant-type.ts'
import type { IdTokens } from './keys/id-tokens.ts'
import { logoutRoutes } from './logout/logout-routes.ts'
import type { OAuthParts } from './oauth-parts.ts'
import { RegisterEndpoint } from './registration/register-endpoint.ts'

export interface RouteParts extends OAuthParts {
  readonly admission: Admission
  readonly apps: Apps
  readonly authentication: ClientAuthentication
  readonly origins: AllowedOrigins
  readonly refusals: BearerRefusals
  readonly clients: Clients
  readonly explain: Explain
  readonly grantTypes: ReadonlyMap<string, GrantType>
  readonly idTokens: IdTokens
}

/** Bytes: far more than any of its parameters, and too little to keep the site busy with reading. */
const BODY_LIMIT = 2 * 1024 * 1024

type Server = HttpServer<Principal>

/** The endpoint that says whom a token for this site must come from. */
export const resourceMetadataUrl = (issuer: string): string => issuer + OAUTH_PATHS.resourceMetadata

/** Every address of the provider: Frappe's paths, in each version of its API, the well-known ones, and the pages. */
export function oauthRoutes(site: Server, parts: RouteParts): void {
  const server = inEveryVersion(site)
  authorizeRoutes(server, parts)
  clientRoutes(server, parts)
  discoveryRoutes(server, parts)
  const profile = { ...parts, resourceMetadata: () => resourceMetadataUrl(parts.issuer()) }
  const command = commandOf(OAUTH_PATHS.profile)
  server.route(['GET', 'POST'], OAUTH_PATHS.profile, (exchange) => profileEndpoint(exchange, profile), { command })
  devicePageRoutes(server, { ...parts, approvals: parts.clients.approvals })
  registrationRoutes(server, parts)
  logoutRoutes(server, parts)
  myAppsRoutes(server, parts)
  explainRoutes(server, parts)
  connectedAppsRoutes(server, parts)
}

function authorizeRoutes(server: Server, parts: RouteParts): void {
  const authorizeParts = {
    ...parts,
    codes: new Codes(parts),
    approvals: parts.clients.approvals,
    requests: new Limits({ points: 60, seconds: 60 }),
    requestsOfUser: new Limits({ points: 300, seconds: 60 }),
    subOf: async (user: string) => (await parts.users.person(user))?.sub,
    tryFilters: (principal: Principal, doctype: string, filters: readonly Filter[]) =>
      parts.documents.list(principal, { doctype, fields: ['name'], filters, limit: 1 }),
  }
  const authorize = new AuthorizeEndpoint(authorizeParts)
  const approve = new ApproveEndpoint(authorizeParts, authorize)
  server.route(['GET', 'POST'], OAUTH_PATHS.authorize, (exchange) => authorize.handle(exchange), { bodyLimit: BODY_LIMIT })
  server.route('GET', OAUTH_PATHS.approve, (exchange) => approve.redirect(exchange))
  server.route('POST', OAUTH_PATHS.approve, (exchange) => approve.handle(exchange), { csrf: 'required', bodyLimit: CONSENT_FORM_LIMIT })
}

/** What clients call for themselves: no cookie counts there, and an Authorization header is a client's, never an API key's. */
function clientRoutes(server: Server, parts: RouteParts): void {
  const clients = parts.authentication
  const unknown = new Limits({ points: 50, seconds: 60 })
  const known = new KnownAnswers()
  const requests = new Limits({ points: 30, seconds: 60 })
  const endpoints: readonly (readonly [path: string, run: (exchange: Exchange<Principal>) => Promise<Answer>])[] = [
    [OAUTH_PATHS.token, (exchange) => tokenEndpoint(exchange, { ...parts, clients })],
    [OAUTH_PATHS.revoke, (exchange) => revocationEndpoint(exchange, { ...parts, clients })],
    [OAUTH_PATHS.deviceAuthorization, (exchange) => deviceAuthorizationEndpoint(exchange, { ...parts, clients, requests })],
    [OAUTH_PATHS.introspect, (exchange) => introspectionEndpoint(exchange, { ...parts, clients, unknown, known })],
  ]
  const scripts: RouteOptions['scripts'] = (request) => parts.origins.ofNamed(request)
  for (const [path, run] of endpoints) {
    const command = commandOf(path)
    server.route('POST', path, run, { authenticate: 'none', refusals: 'oauth', bodyLimit: BODY_LIMIT, scripts, command })
    server.route(['GET', 'PUT', 'PATCH', 'DELETE'], path, refuseMethod, { authenticate: 'none', command })
  }
}

/** Bytes: twenty addresses, a name and a few links. */
const METADATA_LIMIT = 64 * 1024

function registrationRoutes(server: Server, parts: RouteParts): void {
  const endpoint = new RegisterEndpoint(parts)
  const command = commandOf(OAUTH_PATHS.register)
  const options = { authenticate: 'none', refusals: 'oauth', bodyLimit: METADATA_LIMIT, command } as const
  server.route('POST', OAUTH_PATHS.register, (exchange) => endpoint.handle(exchange), options)
  server.route(['GET', 'PUT', 'PATCH', 'DELETE'], OAUTH_PATHS.register, refuseMethod, { authenticate: 'none', command })
}
