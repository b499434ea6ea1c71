import { Generation, databaseMigrations, dialectOf, migrate, type Database } from '@annex/database'
import { auditMigrations } from './audit/audit-migrations.ts'
import { Audit } from './audit/audit.ts'
import type { Method } from './backend/method.ts'
import type { Config } from './config.ts'
import { doctypeController } from './doctypes/doctype-controller.ts'
import { DocTypes } from './doctypes/doctypes.ts'
import { doctypeMigrations } from './doctypes/migrations.ts'
import { followRelease } from './doctypes/release/follow-release.ts'
import type { Controller } from './doctypes/controller.ts'
import { customDocPermController } from './doctypes/permissions/custom-docperm-controller.ts'
import { Clock } from './doctypes/values/clock.ts'
import { Documents } from './documents/documents.ts'
import type { Premises } from './documents/premises.ts'
import { docShareController } from './documents/shares/docshare-controller.ts'
import { permissionMethods } from './documents/shares/permission-methods.ts'
import { shareListener } from './documents/shares/share-listener.ts'
import { shareMethods } from './documents/shares/share-methods.ts'
import { fileController } from './documents/files/file-controller.ts'
import { fileListener } from './documents/files/file-listener.ts'
import { fileMethods } from './documents/files/file-methods.ts'
import { fileMigrations } from './documents/files/file-migrations.ts'
import { passwordMethod } from './documents/secrets/password-method.ts'
import type { Sealer } from './documents/secrets/sealer.ts'
import type { NoteParts } from './documents/notes/note-parts.ts'
import { noteControllers, noteListeners, noteMethods } from './documents/notes/notes.ts'
import type { Hooks } from './hooks/hooks.ts'
import { Accounts } from './identity/accounts/accounts.ts'
import { roleController } from './identity/accounts/role-controller.ts'
import { judgementController, userController } from './identity/accounts/user-controller.ts'
import { setDefaultMethod } from './identity/defaults/set-default.ts'
import { readUserDefaults } from './identity/defaults/user-defaults-store.ts'
import { identityMethods } from './identity/identity-methods.ts'
import { identityMigrations } from './identity/identity-migrations.ts'
import { Principals } from './identity/principals.ts'
import { Sessions } from './identity/sessions/sessions.ts'
import { judgementListener } from './identity/trees/judgement-listener.ts'
import { bearerTokenController } from './oauth/bearer/bearer-token-controller.ts'
import { clientController } from './oauth/clients/client-controller.ts'
import { Grants } from './oauth/grants/grants.ts'
import { oauthMigrations } from './oauth/storage/oauth-migrations.ts'
import { refuseUnfinished } from './transfer/mark.ts'

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

/** Every step of the schema of this release. */
export const MIGRATIONS = [
  ...databaseMigrations,
  ...doctypeMigrations,
  ...fileMigrations,
  ...auditMigrations,
  ...identityMigrations,
  ...oauthMigrations,
]

/** Puts storage, documents and identity together on an open database, and brings its schema up to date. */
export async function openRooms(
  database: Database,
  config: Config,
  apiMethods: readonly Method[],
  hooks: Hooks,
  sealer: Sealer,
): Promise<Rooms> {
  await refuseUnfinished(database)
  await migrate(database, MIGRATIONS)
  await followRelease(database)
  const clock = new Clock()
  const now = (): number => clock.now()
  const [generation, audit] = [new Generation(database), new Audit(now)]
  const [accounts, sessions] = [new Accounts(database, now), new Sessions(database, now)]
  const doctypes = new DocTypes(database)
  generation.onChange(() => doctypes.load())
  const grants = new Grants({ database, audit, now, listeners: [] })
  const notes: NoteParts = { premises: () => documents.premises, principalOf: (user) => principals.of(user) }
  const methods = methodsOf({ database, generation, audit, accounts }, () => documents.premises, notes, apiMethods, hooks)
  const held = { database, generation, clock, audit, doctypes, accounts, sessions, grants, methods }
  const isElsewhere = (): boolean => config.upstream !== undefined
  const eventParts = { doctypeOf: (name: string) => doctypes.get(name), now, zone: config.timezone }
  const documents = new Documents({
    database,
    doctypes,
    clock,
    zone: config.timezone,
    controllers: hooks.around(new Map([...controllersOf(held, config), ...noteControllers(notes)]), eventParts),
    listeners: [
      ...noteListeners(notes),
      fileListener(() => documents.premises),
      shareListener(() => documents.premises, generation),
      judgementListener(generation),
      hooks.listener(eventParts),
    ],
    methods,
    sealer,
    isElsewhere,
  })
  const principals = new Principals({
    accounts,
    documents,
    generation,
    doctypeOf: (name) => doctypes.get(name),
    defaultsOf: (user) => readUserDefaults(database.connection, user),
  })
  await generation.observe(await generation.read())
  return { ...held, documents, principals }
}

/** Every whitelisted method by its name, from the room that owns it; site code may take none of ours. */
function methodsOf(
  { database, generation, audit, accounts }: Pick<Rooms, 'database' | 'generation' | 'audit' | 'accounts'>,
  premises: () => Premises,
  notes: NoteParts,
  apiMethods: readonly Method[],
  hooks: Hooks,
): ReadonlyMap<string, Method> {
  const own = [
    ...apiMethods,
    ...identityMethods(accounts),
    ...shareMethods(premises),
    ...permissionMethods(premises),
    setDefaultMethod(database, accounts, generation),
    passwordMethod({ premises, onRead: passwordRead(audit, database) }),
    ...fileMethods(premises),
    ...noteMethods(notes),
  ]
  hooks.refuseTaken(own.map((method) => method.name))
  return new Map([...own, ...hooks.methods].map((method) => [method.name, method]))
}

/** Who was given a secret in the clear stands in the trail. */
const passwordRead =
  (audit: Audit, database: Database): Parameters<typeof passwordMethod>[0]['onRead'] =>
  ({ user, token }, { doctype, name, fieldname }) =>
    audit.write(database.connection, {
      event: 'password read',
      user,
      client: token?.client,
      grant: token?.grant,
      detail: { doctype, name, fieldname },
    })

/** Each core DocType's behaviour, from the room that owns it. */
function controllersOf(rooms: Omit<Rooms, 'documents' | 'principals'>, config: Config): Map<string, Controller> {
  const { database, generation, clock, audit, doctypes, accounts, sessions, grants } = rooms
  const now = (): number => clock.now()
  return new Map<string, Controller>([
    ['DocType', doctypeController(doctypes, generation, dialectOf(database.engine), () => config.upstream !== undefined, config.timezone)],
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
    ['Role', roleController(generation)],
    ['User Permission', judgementController(generation)],
    ['DocShare', docShareController((name) => doctypes.get(name))],
    ['Custom DocPerm', customDocPermController(doctypes, generation)],
    [
      'OAuth Client',
      clientController({ grants, audit, now, doctypeOf: (name) => doctypes.get(name), httpRedirectHosts: config.httpRedirectHosts }),
    ],
    ['File', fileController({ dialect: dialectOf(database.engine), maxSize: config.maxFileSize })],
    ['OAuth Bearer Token', bearerTokenController({ database, now, zone: config.timezone })],
  ])
}
