import { OAUTH_PATHS } from '@annex/protocol'
import type { Answer, Exchange } from '../http/exchange.ts'
import { Limits } from '../http/limits.ts'
import type { HttpServer } from '../http/server.ts'
import type { Principal } from '../policy/principal.ts'
import type { Admission } from './admission.ts'
import { connectedAppsRoutes } from './apps/connected-apps-routes.ts'
import { myAppsRoutes } from './apps/my-apps-routes.ts'
import { ApproveEndpoint } from './authorize/approve-endpoint.ts'
import { AuthorizeEndpoint } from './authorize/authorize-endpoint.ts'
import { Codes } from './authorize/codes.ts'
import type { ClientAuthentication } from './clients/client-authentication.ts'
import type { Clients } from './clients/clients.ts'
import { resourceMetadata, serverMetadata } from './endpoints/discovery.ts'
import { introspectionEndpoint } from './endpoints/introspection-endpoint.ts'
import { profileEndpoint } from './endpoints/profile-endpoint.ts'
import { revocationEndpoint } from './endpoints/revocation-endpoint.ts'
import { refuseMethod, tokenEndpoint } from './endpoints/token-endpoint.ts'
import type { GrantType } from './grant-types/grant-type.ts'
import type { IdTokens } from './keys/id-tokens.ts'
import type { OAuthParts } from './oauth-parts.ts'

export interface RouteParts extends OAuthParts {
  readonly admission: Admission
  readonly authentication: ClientAuthentication
  readonly clients: Clients
  readonly grantTypes: ReadonlyMap<string, GrantType>
  readonly idTokens: IdTokens
}

/** Bytes: far more than any of its parameters, and too little to keep the site busy with reading. */
const BODY_LIMIT = 2 * 1024 * 1024

type Server = HttpServer<Principal>

/** The endpoint that says whom a token for this site must come from. */
export const resourceMetadataUrl = (issuer: string): string => issuer + OAUTH_PATHS.resourceMetadata

/** Every address of the provider: Frappe's paths, the well-known ones, and the pages. */
export function oauthRoutes(server: Server, parts: RouteParts): void {
  authorizeRoutes(server, parts)
  clientRoutes(server, parts)
  discoveryRoutes(server, parts)
  const profile = { ...parts, resourceMetadata: () => resourceMetadataUrl(parts.issuer()) }
  server.route(['GET', 'POST'], OAUTH_PATHS.profile, (exchange) => profileEndpoint(exchange, profile))
  myAppsRoutes(server, parts)
  connectedAppsRoutes(server, parts)
}

function authorizeRoutes(server: Server, parts: RouteParts): void {
  const authorizeParts = {
    ...parts,
    codes: new Codes(parts),
    requests: new Limits({ points: 60, seconds: 60 }),
    subOf: async (user: string) => (await parts.users.person(user))?.sub,
  }
  const authorize = new AuthorizeEndpoint(authorizeParts)
  const approve = new ApproveEndpoint(authorizeParts, authorize)
  server.route(['GET', 'POST'], OAUTH_PATHS.authorize, (exchange) => authorize.handle(exchange))
  server.route('GET', OAUTH_PATHS.approve, (exchange) => approve.redirect(exchange))
  server.route('POST', OAUTH_PATHS.approve, (exchange) => approve.handle(exchange), { csrf: 'required' })
}

/** What clients call for themselves: no cookie counts there, and an Authorization header is a client's, never an API key's. */
function clientRoutes(server: Server, parts: RouteParts): void {
  const clients = parts.authentication
  const unknown = new Limits({ points: 50, seconds: 60 })
  const endpoints: readonly (readonly [path: string, run: (exchange: Exchange<Principal>) => Promise<Answer>])[] = [
    [OAUTH_PATHS.token, (exchange) => tokenEndpoint(exchange, { ...parts, clients })],
    [OAUTH_PATHS.revoke, (exchange) => revocationEndpoint(exchange, { ...parts, clients })],
    [OAUTH_PATHS.introspect, (exchange) => introspectionEndpoint(exchange, { ...parts, clients, unknown })],
  ]
  for (const [path, run] of endpoints) {
    server.route('POST', path, run, { authenticate: 'none', refusals: 'oauth', bodyLimit: BODY_LIMIT })
    server.route(['GET', 'PUT', 'PATCH', 'DELETE'], path, refuseMethod, { authenticate: 'none' })
  }
}

function discoveryRoutes(server: Server, { issuer, idTokens }: RouteParts): void {
  const publish = (path: string, document: () => object): void =>
    server.route(
      'GET',
      path,
      async () => ({ headers: { 'cache-control': 'public, max-age=300', 'access-control-allow-origin': '*' }, json: document() }),
      { authenticate: 'none' },
    )
  for (const path of [OAUTH_PATHS.serverMetadata, OAUTH_PATHS.openidDiscovery, OAUTH_PATHS.configuration])
    publish(path, () => serverMetadata(issuer()))
  publish(OAUTH_PATHS.resourceMetadata, () => resourceMetadata(issuer()))
  publish(OAUTH_PATHS.jwks, () => idTokens.jwks())
}
