import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Generation,
  databaseMigrations,
  dialectOf,
  migrate,
  openDatabase,
  type Connection,
  type Database,
  type Engine,
} from '@annex/database'
import { pino } from 'pino'
import { temporaryDatabase } from '../../../../../tests/support/databases.ts'
import { Audit } from '../../audit/audit.ts'
import { auditMigrations } from '../../audit/audit-migrations.ts'
import type { Controller } from '../../doctypes/controller.ts'
import { doctypeController } from '../../doctypes/doctype-controller.ts'
import { DocTypes } from '../../doctypes/doctypes.ts'
import { doctypeMigrations } from '../../doctypes/migrations.ts'
import { Clock } from '../../doctypes/values/clock.ts'
import { Documents } from '../../documents/documents.ts'
import type { Handler } from '../../http/exchange.ts'
import { createServer } from '../../http/server.ts'
import { Accounts } from '../../identity/accounts/accounts.ts'
import { judgementController, userController } from '../../identity/accounts/user-controller.ts'
import { apiKeyAuthenticator, sessionAuthenticator } from '../../identity/authenticators.ts'
import { identityMigrations } from '../../identity/identity-migrations.ts'
import { identityRoutes } from '../../identity/identity-routes.ts'
import { Principals } from '../../identity/principals.ts'
import { Sessions } from '../../identity/sessions/sessions.ts'
import { SignIn } from '../../identity/sign-in.ts'
import { errorPage } from '../../pages/error-page.ts'
import { styleSource } from '../../pages/styles.ts'
import { ADMINISTRATOR, GUEST, type Principal } from '../../policy/principal.ts'
import { bearerTokenController } from '../bearer/bearer-token-controller.ts'
import { clientController } from '../clients/client-controller.ts'
import { Grants } from '../grants/grants.ts'
import { loadKeys, type Keys } from '../keys/load-keys.ts'
import { testSealer } from '../keys/sealer.fixture.ts'
import { oauthMigrations } from '../storage/oauth-migrations.ts'
import type { OAuthEvent } from '../oauth-events.ts'
import { openOAuth, type OAuth } from '../oauth.ts'
import { usersOf } from '../users.ts'

export interface ProviderSettings {
  readonly allowAdministrator?: boolean
  readonly httpRedirectHosts?: readonly string[]
}

/** The provider on real parts: database, documents, identity, HTTP. Without the guard, which is judged by itself. */
export interface Provider {
  readonly base: string
  readonly database: Database
  readonly documents: Documents
  readonly doctypes: DocTypes
  readonly grants: Grants
  readonly oauth: OAuth
  readonly keys: Keys
  readonly folder: string
  readonly events: OAuthEvent[]
  /** What went wrong beside any answer. */
  readonly faults: unknown[]
  /** Moves the provider's clock, in seconds. */
  advance(seconds: number): void
  close(): Promise<void>
}

export async function openProvider(engine: Engine, settings: ProviderSettings = {}): Promise<Provider> {
  const place = await temporaryDatabase(engine)
  const folder = await mkdtemp(join(tmpdir(), 'annex-provider-'))
  const database = await openDatabase(place.url)
  await migrate(database, [...databaseMigrations, ...doctypeMigrations, ...auditMigrations, ...identityMigrations, ...oauthMigrations])
  let ahead = 0
  const clock = new Clock()
  const house = await openHouse(database, clock, () => clock.now() + ahead, settings)
  const keys = await loadKeys({ keys: undefined, dataFolder: folder })
  const { oauth, base, close } = await serve(house, keys, settings)
  await house.accounts.ensureAdministrator(PASSWORD)
  await house.documents.insert(ADMINISTRATOR, 'DocType', [doctype('Item'), doctype('Sales Invoice')])
  return {
    ...house,
    base,
    oauth,
    keys,
    folder,
    advance: (seconds) => (ahead += seconds * 1_000_000),
    close: async () => {
      await close()
      await database.close()
      await place.remove()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

type House = Awaited<ReturnType<typeof openHouse>>

/** The rooms that the provider stands on. */
async function openHouse(database: Database, clock: Clock, now: () => number, settings: ProviderSettings) {
  const doctypes = new DocTypes(database)
  await doctypes.load()
  const [accounts, sessions, generation] = [new Accounts(database, now), new Sessions(database, now), new Generation(database)]
  generation.onChange(() => doctypes.load())
  const audit = new Audit(now)
  const [events, faults]: [OAuthEvent[], unknown[]] = [[], []]
  const grants = new Grants({ database, audit, now, listeners: [async (_connection, event) => void events.push(event)] })
  const onCredentialsChanged = (connection: Connection, user: string): Promise<void> =>
    grants.revokeForUser(connection, user, 'credentials_changed')
  const judgement = judgementController(generation)
  const rules = { doctypeOf: doctypes.get.bind(doctypes), httpRedirectHosts: settings.httpRedirectHosts ?? [] }
  const controllers = new Map<string, Controller>([
    ['DocType', doctypeController(doctypes, generation, dialectOf(database.engine))],
    ['User', userController({ accounts, sessions, generation, audit, onCredentialsChanged })],
    ['Role', judgement],
    ['User Permission', judgement],
    ['OAuth Client', clientController({ grants, audit, now, ...rules })],
    ['OAuth Bearer Token', bearerTokenController({ database, now, zone: 'UTC' })],
  ])
  const documents = new Documents({ database, doctypes, clock, zone: 'UTC', controllers, methods: new Map(), sealer: testSealer() })
  const principals = new Principals({
    accounts,
    documents,
    generation,
    doctypeOf: (name) => doctypes.get(name),
    defaultsOf: async () => new Map(),
  })
  return { database, now, doctypes, accounts, sessions, generation, audit, events, faults, grants, documents, principals }
}

/** The provider over those rooms, on a free port. */
async function serve(house: House, ring: Keys, settings: ProviderSettings) {
  let base = ''
  const issuer = (): string => base
  const oauth = await openOAuth({
    ...house,
    ring,
    users: usersOf(house),
    doctypeOf: (name) => house.doctypes.get(name),
    issuer,
    zone: 'UTC',
    allowAdministrator: settings.allowAdministrator ?? false,
    onFault: (error) => void house.faults.push(error),
  })
  const server = createServer<Principal>({
    guest: GUEST,
    authenticators: [oauth.authenticator, apiKeyAuthenticator(house), sessionAuthenticator(house)],
    issuer,
    secureCookies: false,
    hsts: false,
    trustedProxies: ['127.0.0.0/8'],
    styleSource,
    errorPage,
    log: pino({ level: 'silent' }),
  })
  identityRoutes(server, { ...house, signIn: new SignIn(house), issuer })
  oauth.routes(server)
  server.route(['GET', 'POST'], '/api/me', me)
  base = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`
  const close = async (): Promise<void> => {
    await server.close()
    await house.sessions.settled()
    await oauth.close()
  }
  return { oauth, base, close }
}

const me: Handler<Principal> = async ({ caller }) => ({ json: { user: caller.user, scopes: caller.token?.scopes.tokens ?? null } })

export const PASSWORD = 'Corr3ct-horse-battery'

export const doctype = (name: string): Record<string, unknown> => ({
  name,
  module: 'Stock',
  custom: 1,
  autoname: 'hash',
  fields: [{ fieldname: 'title', fieldtype: 'Data', label: 'Title' }],
  permissions: [{ role: 'System Manager' }, { role: 'Desk User' }],
})
