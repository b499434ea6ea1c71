import { openDatabase, type Database } from '@annex/database'
import type { Logger } from 'pino'
import { ensureAdministrator } from './admin-password.ts'
import { fileRoutes } from './api/file-routes.ts'
import { methodRoutes } from './api/method-routes.ts'
import { apiMethods } from './api/methods/api-methods.ts'
import { openApiRoutes } from './api/openapi/openapi-routes.ts'
import { resourceRoutes } from './api/resource-routes.ts'
import { v2Routes } from './api/v2-routes.ts'
import type { Backend } from './backend/backend.ts'
import { byDoctype } from './backend/by-doctype.ts'
import { Guard, type Refusal } from './backend/guard.ts'
import type { Config } from './config.ts'
import { isCore } from './doctypes/core-doctypes.ts'
import { openHooks, type Hooks } from './hooks/hooks.ts'
import { createServer, type HttpServer } from './http/server.ts'
import { apiKeyAuthenticator, sessionAuthenticator } from './identity/authenticators.ts'
import { identityRoutes } from './identity/identity-routes.ts'
import { readPerson } from './identity/person.ts'
import { SignIn } from './identity/sign-in.ts'
import { createLogger } from './logger.ts'
import type { Clients } from './oauth/clients/clients.ts'
import { loadKeys, type Keys } from './oauth/keys/load-keys.ts'
import { valueSealer } from './oauth/keys/value-sealer.ts'
import { resourceMetadataUrl } from './oauth/oauth-routes.ts'
import { openOAuth, type OAuth } from './oauth/oauth.ts'
import { usersOf } from './oauth/users.ts'
import { apiDocsPage } from './pages/docs/api-docs-page.ts'
import { errorPage } from './pages/error-page.ts'
import { paths } from './pages/paths.ts'
import { styleSource } from './pages/styles.ts'
import { GUEST, type Principal } from './policy/principal.ts'
import { openRooms, type Rooms } from './rooms.ts'
import { databaseFault, databaseSetting, listenFault, makeDataFolder } from './start-faults.ts'
import { Upstream } from './upstream/upstream.ts'

export interface Listening {
  /** The site's URL, for everybody. */
  readonly issuer: string
  /** Where it answers on this machine: behind a proxy that is another URL. */
  readonly address: string
}

/** A whole site, ready to listen or to be worked on without a socket. */
export interface Site {
  /** Guarded: what callers over HTTP get. */
  readonly backend: Backend
  readonly clients: Clients
  readonly rooms: Rooms
  /** Sentences for whoever starts the site: where the key file and the first password lie. */
  readonly notes: readonly string[]
  /** Binds the port. */
  listen(): Promise<Listening>
  /** Lets requests under way end and writes what is still remembered. */
  close(): Promise<void>
}

/**
 * Opens a site: its database (brought up to date), its keys, its rooms.
 *
 * @throws {Error} one sentence that names the setting or the place that is at fault; nothing is left half-written
 */
export async function openSite(config: Config): Promise<Site> {
  await makeDataFolder(config.dataFolder)
  const keys = await loadKeys(config)
  const hooks = await openHooks(config.hooks)
  const database = await openDatabase(config.databaseUrl, { setting: databaseSetting(config) })
  try {
    return await assemble(config, database, keys, hooks)
  } catch (error) {
    await database.close()
    throw databaseFault(error, database, config) ?? error
  }
}

async function assemble(config: Config, database: Database, keys: Keys, hooks: Hooks): Promise<Site> {
  const log = createLogger(config.logLevel)
  const known = {
    zone: config.timezone,
    doctypeOf: (name: string) => rooms.doctypes.get(name),
    parentsOf: (child: string) => rooms.doctypes.parentsOf(child).map(({ doctype }) => doctype.name),
  }
  const rooms: Rooms = await openRooms(database, config, apiMethods(known), hooks, valueSealer(keys))
  const issuer = new Issuer(config)
  const oauth = await openOAuth(oauthParts(rooms, config, keys, issuer, log))
  const password = await ensureAdministrator(rooms.accounts, config)
  const backend = guarded(rooms, config, issuer)
  const server = openServer(rooms, config, oauth, issuer, log)
  resourceRoutes(server, backend)
  methodRoutes(server, backend)
  fileRoutes(server, backend, config.maxFileSize)
  v2Routes(server, backend)
  apiDescription(server, backend, rooms, issuer)
  return {
    backend,
    clients: oauth.clients,
    rooms,
    notes: [
      ...(keys.written === undefined ? [] : [`The keys of this site are in ${keys.written}; keep a copy where the database is not`]),
      ...(password === undefined ? [] : [password]),
    ],
    listen: async () => {
      hooks.refuseUnknown((name) => rooms.doctypes.get(name))
      return bind(server, config, issuer)
    },
    close: async () => {
      await server.close()
      await rooms.sessions.settled()
      await oauth.close()
      await database.close()
    },
  }
}

async function bind(server: HttpServer<Principal>, config: Config, issuer: Issuer): Promise<Listening> {
  try {
    const port = await server.listen(config.port, config.host)
    const host = config.host.includes(':') ? `[${config.host}]` : config.host
    return { issuer: issuer.bound(port), address: `http://${host}:${port}` }
  } catch (error) {
    throw listenFault(error, config) ?? error
  }
}

/** The site's own origin: what was set, or loopback with the port that was bound. The Host header never counts. */
class Issuer {
  readonly #fixed: boolean
  #url: string

  constructor(config: Config) {
    this.#fixed = config.url !== undefined
    this.#url = config.url ?? `http://127.0.0.1:${config.port}`
  }

  readonly read = (): string => this.#url

  bound(port: number): string {
    if (!this.#fixed) this.#url = `http://127.0.0.1:${port}`
    return this.#url
  }
}

function oauthParts(
  rooms: Rooms,
  config: Config,
  ring: Awaited<ReturnType<typeof loadKeys>>,
  issuer: Issuer,
  log: Logger,
): Parameters<typeof openOAuth>[0] {
  const { database, generation, audit, grants, documents, doctypes, clock } = rooms
  return {
    database,
    generation,
    ring,
    audit,
    grants,
    documents,
    users: usersOf(rooms),
    doctypeOf: (name) => doctypes.get(name),
    issuer: issuer.read,
    now: () => clock.now(),
    zone: config.timezone,
    allowAdministrator: config.allowAdministrator,
    onFault: (error) => log.error({ error }, 'a task beside the requests failed'),
  }
}

/** What the API is, for programs and for people who are signed in. */
function apiDescription(server: HttpServer<Principal>, backend: Backend, rooms: Rooms, issuer: Issuer): void {
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

/** The one line that decides where documents live: here, or upstream but for the core DocTypes. */
function guarded(rooms: Rooms, config: Config, issuer: Issuer): Backend {
  const { documents, doctypes, methods, audit, database } = rooms
  const backend = config.upstream ? byDoctype(documents, new Upstream(config.upstream), isCore) : documents
  const onRefusal = ({ principal, scope, act }: Refusal): Promise<void> =>
    audit.write(database.connection, {
      event: 'scope refused',
      user: principal.user,
      client: principal.token?.client,
      grant: principal.token?.grant,
      detail: { scope, act },
    })
  return new Guard({
    backend,
    doctypeOf: (name) => doctypes.get(name),
    parentsOf: (child) => doctypes.parentsOf(child).map(({ doctype }) => doctype.name),
    methods,
    onRefusal,
    resourceMetadata: () => resourceMetadataUrl(issuer.read()),
  })
}

function openServer(rooms: Rooms, config: Config, oauth: OAuth, issuer: Issuer, log: Logger): HttpServer<Principal> {
  const { accounts, sessions, database, audit } = rooms
  const server = createServer<Principal>({
    guest: GUEST,
    authenticators: [oauth.authenticator, apiKeyAuthenticator(rooms), sessionAuthenticator(rooms)],
    issuer: issuer.read,
    secureCookies: issuer.read().startsWith('https://'),
    hsts: config.production,
    trustedProxies: config.trustedProxies,
    styleSource,
    errorPage,
    log,
  })
  identityRoutes(server, { accounts, sessions, signIn: new SignIn({ database, accounts, sessions, audit }), issuer: issuer.read })
  oauth.routes(server)
  return server
}
