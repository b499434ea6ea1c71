import type { Logger } from 'pino'
import { fileRoutes } from '../api/file-routes.ts'
import { methodRoutes } from '../api/method-routes.ts'
import { openApiRoutes } from '../api/openapi/openapi-routes.ts'
import { resourceRoutes } from '../api/resource-routes.ts'
import { v2Routes } from '../api/v2-routes.ts'
import type { Backend } from '../backend/backend.ts'
import type { Config } from '../config.ts'
import type { Authenticator } from '../http/exchange.ts'
import { createServer, type HttpServer } from '../http/server.ts'
import { apiKeyAuthenticator, sessionAuthenticator } from '../identity/authenticators.ts'
import { openIdentity } from '../identity/open-identity.ts'
import { readPerson } from '../identity/person.ts'
import { withApiAccess } from '../oauth/access/api-access.ts'
import { withBudget } from '../oauth/budgets/with-budget.ts'
import { resourceMetadataUrl } from '../oauth/oauth-routes.ts'
import type { OAuth } from '../oauth/oauth.ts'
import { Outgoing } from '../outgoing/outgoing.ts'
import { apiDocsPage } from '../pages/docs/api-docs-page.ts'
import { errorPage } from '../pages/error-page.ts'
import { paths } from '../pages/paths.ts'
import { styleSource } from '../pages/styles.ts'
import { GUEST, type Principal } from '../policy/principal.ts'
import type { Rooms } from '../rooms.ts'
import type { Issuer } from './issuer.ts'
import { endGrants } from './password-resets.ts'

/** The server with who may call it, and the addresses of identity and of the provider. */
export function openServer(rooms: Rooms, config: Config, oauth: OAuth, issuer: Issuer, log: Logger): HttpServer<Principal> {
  const { audit } = rooms
  const access = (authenticator: Authenticator<Principal>): Authenticator<Principal> =>
    withApiAccess(authenticator, {
      settings: rooms.settings,
      audit,
      usage: oauth.usage,
      resourceMetadata: () => resourceMetadataUrl(issuer.read()),
    })
  const server = createServer<Principal>({
    guest: GUEST,
    authenticators: [
      access(oauth.authenticator),
      withBudget(access(apiKeyAuthenticator(rooms)), oauth.budgets),
      sessionAuthenticator(rooms),
    ],
    issuer: issuer.read,
    secureCookies: issuer.read().startsWith('https://'),
    hsts: config.production,
    trustedProxies: config.trustedProxies,
    challenge: () => `Bearer resource_metadata="${resourceMetadataUrl(issuer.read())}"`,
    styleSource,
    errorPage,
    around: ({ ip, caller }, run) => audit.from({ ip, user: caller.user, client: caller.token?.client, grant: caller.token?.grant }, run),
    gate: (authorization) => oauth.budgets.check(authorization),
    crossOrigin: oauth.origins,
    log,
  })
  openIdentity(server, {
    ...rooms,
    outgoing: new Outgoing({ allowPrivate: config.allowPrivate }),
    issuer: issuer.read,
    now: () => rooms.clock.now(),
    zone: config.timezone,
    endGrants: endGrants(rooms),
  })
  oauth.routes(server)
  return server
}

/** The addresses of documents, in each version of the API. */
export function documentRoutes(server: HttpServer<Principal>, backend: Backend, config: Config): void {
  resourceRoutes(server, backend)
  methodRoutes(server, backend)
  fileRoutes(server, backend, config.maxFileSize)
  v2Routes(server, backend)
}

/** What the API is, for programs and for people who are signed in. */
export function apiDescription(server: HttpServer<Principal>, backend: Backend, rooms: Rooms, issuer: Issuer): void {
  const { doctypes, methods, accounts } = rooms
  openApiRoutes(server, {
    backend,
    doctypes,
    methods,
    issuer: issuer.read,
    page: async (request, view) =>
      request.caller.session === undefined
        ? { location: `${paths.signIn}?redirect-to=${encodeURIComponent(paths.apiDocs)}` }
        : { page: apiDocsPage({ person: await readPerson(accounts, request), ...view }) },
  })
}
