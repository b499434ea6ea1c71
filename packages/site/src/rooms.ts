import { Generation, databaseMigrations, dialectOf, migrate, type Database } from '@annex/database'
import { auditMigrations } from './audit/audit-migrations.ts'
import { Audit } from './audit/audit.ts'
import type { Method } from './backend/method.ts'
import type { Config } from './config.ts'
import { doctypeController } from './doctypes/doctype-controller.ts'
import { DocTypes } from './doctypes/doctypes.ts'
import { doctypeMigrations } from './doctypes/migrations.ts'
import type { Controller } from './doctypes/controller.ts'
import { Clock } from './doctypes/values/clock.ts'
import { Documents } from './documents/documents.ts'
import { Accounts } from './identity/accounts/accounts.ts'
import { judgementController, userController } from './identity/accounts/user-controller.ts'
import { identityMethods } from './identity/identity-methods.ts'
import { identityMigrations } from './identity/identity-migrations.ts'
import { Principals } from './identity/principals.ts'
import { Sessions } from './identity/sessions/sessions.ts'
import { bearerTokenController } from './oauth/bearer/bearer-token-controller.ts'
import { clientController } from './oauth/clients/client-controller.ts'
import { Grants } from './oauth/grants/grants.ts'
import { oauthMigrations } from './oauth/storage/oauth-migrations.ts'

/** What stands behind the seam of a site: storage, documents and who its users are. */
export interface Rooms {
  readonly database: Database
  readonly generation: Generation
  readonly clock: Clock
  readonly audit: Audit
  readonly doctypes: DocTypes
  readonly documents: Documents
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly principals: Principals
  readonly grants: Grants
  readonly methods: ReadonlyMap<string, Method>
}

const MIGRATIONS = [...databaseMigrations, ...doctypeMigrations, ...auditMigrations, ...identityMigrations, ...oauthMigrations]

/** Puts storage, documents and identity together on an open database, and brings its schema up to date. */
export async function openRooms(database: Database, config: Config, apiMethods: readonly Method[]): Promise<Rooms> {
  await migrate(database, MIGRATIONS)
  const clock = new Clock()
  const now = (): number => clock.now()
  const [generation, audit] = [new Generation(database), new Audit(now)]
  const [accounts, sessions] = [new Accounts(database, now), new Sessions(database, now)]
  const doctypes = new DocTypes(database)
  generation.onChange(() => doctypes.load())
  const grants = new Grants({ database, audit, now, listeners: [] })
  const methods = new Map([...apiMethods, ...identityMethods(accounts)].map((method) => [method.name, method]))
  const held = { database, generation, clock, audit, doctypes, accounts, sessions, grants, methods }
  const isElsewhere = (): boolean => config.upstream !== undefined
  const documents = new Documents({
    database,
    doctypes,
    clock,
    zone: config.timezone,
    controllers: controllersOf(held, config),
    methods,
    isElsewhere,
  })
  const principals = new Principals({ accounts, documents, generation })
  await generation.observe(await generation.read())
  return { ...held, documents, principals }
}

/** Each core DocType's behaviour, from the room that owns it. */
function controllersOf(rooms: Omit<Rooms, 'documents' | 'principals'>, config: Config): Map<string, Controller> {
  const { database, generation, clock, audit, doctypes, accounts, sessions, grants } = rooms
  const now = (): number => clock.now()
  const judgement = judgementController(generation)
  return new Map<string, Controller>([
    ['DocType', doctypeController(doctypes, generation, dialectOf(database.engine), () => config.upstream !== undefined)],
    [
      'User',
      userController({
        accounts,
        sessions,
        generation,
        audit,
        onCredentialsChanged: (connection, user) => grants.revokeForUser(connection, user, 'credentials_changed'),
      }),
    ],
    ['Role', judgement],
    ['User Permission', judgement],
    [
      'OAuth Client',
      clientController({ grants, audit, now, doctypeOf: (name) => doctypes.get(name), httpRedirectHosts: config.httpRedirectHosts }),
    ],
    ['OAuth Bearer Token', bearerTokenController({ database, now, zone: config.timezone })],
  ])
}
