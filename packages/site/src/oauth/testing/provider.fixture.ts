import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Generation, databaseMigrations, dialectOf, migrate, openDatabase, type Database, type Engine } from '@annex/database'
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
  const now = (): number => clock.now() + ahead
  const [accounts, sessions, generation, audit] = [new Accounts(database, now), new Sessions(database, now), new Generation(database), new Audit(now)]
  const doctypes = new DocTypes(database)
  await doctypes.load()
  generation.onChange(() => doctypes.load())
  const events: OAuthEvent[] = []
  const grants = new Grants({ database, audit, now, listeners: [async (_connection, event) => void events.push(event)] })
  const doctypeOf = doctypes.get.bind(doctypes)
  const httpRedirectHosts = settings.httpRedirectHosts ?? []
  const judgement = judgementController(generation)
  const controllers = new Map<string, Controller>([
    ['DocType', doctypeController(doctypes, generation, dialectOf(engine))],
    ['User', userController({ accounts, sessions, generation, audit, onCredentialsChanged: (connection, user) => grants.revokeForUser(connection, user, 'credentials_changed') })],
    ['Role', judgement],
    ['User Permission', judgement],
    ['OAuth Client', clientController({ grants, audit, now, doctypeOf, httpRedirectHosts })],
    ['OAuth Bearer Token', bearerTokenController({ database, now, zone: 'UTC' })],
  ])
  const documents = new Documents({ database, doctypes, clock, zone: 'UTC', controllers, methods: new Map() })
  const principals = new Principals({ accounts, documents, generation })
  const keys = await loadKeys({ keys: undefined, dataFolder: folder })
  let base = ''
  const oauth = await openOAuth({
    database,
    generation,
    ring: keys,
    audit,
    users: usersOf({ accounts, principals, sessions }),
    doctypeOf,
    issuer: () => base,
    now,
    zone: 'UTC',
    allowAdministrator: settings.allowAdministrator ?? false,
    grants,
    documents,
    onFault: (error) => {
      throw error
    },
  })
  const parts = { accounts, sessions, principals, generation }
  const server = createServer<Principal>({
    guest: GUEST,
    authenticators: [oauth.authenticator, apiKeyAuthenticator(parts), sessionAuthenticator(parts)],
    issuer: () => base,
    secureCookies: false,
    hsts: false,
    trustedProxies: ['127.0.0.0/8'],
    styleSource,
    errorPage,
    log: pino({ level: 'silent' }),
  })
  identityRoutes(server, { accounts, sessions, signIn: new SignIn({ database, accounts, sessions, audit }), issuer: () => base })
  oauth.routes(server)
  server.route(['GET', 'POST'], '/api/me', async ({ caller }) => ({ json: { user: caller.user, scopes: caller.token?.scopes.tokens ?? null } }))
  base = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`
  await accounts.ensureAdministrator(PASSWORD)
  await documents.insert(ADMINISTRATOR, 'DocType', [doctype('Item'), doctype('Sales Invoice')])
  return {
    base,
    database,
    documents,
    doctypes,
    grants,
    oauth,
    keys,
    folder,
    events,
    advance: (seconds) => (ahead += seconds * 1_000_000),
    close: async () => {
      await server.close()
      await sessions.settled()
      await oauth.close()
      await database.close()
      await place.remove()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export const PASSWORD = 'Corr3ct-horse-battery'

export const doctype = (name: string): object => ({
  name,
  module: 'Stock',
  custom: 1,
  autoname: 'hash',
  fields: [{ fieldname: 'title', fieldtype: 'Data', label: 'Title' }],
  permissions: [{ role: 'System Manager' }, { role: 'Desk User' }],
})
