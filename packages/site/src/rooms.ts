import { Generation, databaseMigrations, dialectOf, migrate, type Database } from '@annex/database'
import { auditMigrations } from './audit/audit-migrations.ts'
import { Audit } from './audit/audit.ts'
import { keepTrailProtected } from './audit/chain/append-only.ts'
import type { Method } from './backend/method.ts'
import type { Config } from './config.ts'
import { doctypeController } from './doctypes/doctype-controller.ts'
import { DocTypes } from './doctypes/doctypes.ts'
import { doctypeMigrations } from './doctypes/migrations.ts'
import { followRelease } from './doctypes/release/follow-release.ts'
import type { OnWork } from './doctypes/release/release-work.ts'
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
import { SecondFactors } from './identity/factor/second-factors.ts'
import { identityMethods } from './identity/identity-methods.ts'
import { identityMigrations } from './identity/identity-migrations.ts'
import { Letters } from './identity/letters/letters.ts'
import { SocialIdentities } from './identity/own-account/social-identities.ts'
import { Principals } from './identity/principals.ts'
import { Sessions } from './identity/sessions/sessions.ts'
import { socialKeysIn } from './identity/social/open-social.ts'
import { socialKeyController } from './identity/social/social-key-controller.ts'
import { judgementListener } from './identity/trees/judgement-listener.ts'
import { endForUser } from './oauth/access/lost-roles.ts'
import { bearerTokenController } from './oauth/bearer/bearer-token-controller.ts'
import { removeApprovalsOf } from './oauth/clients/approvals/approvals-store.ts'
import { clientController } from './oauth/clients/client-controller.ts'
import { Grants } from './oauth/grants/grants.ts'
import { settingsController } from './oauth/settings/settings-controller.ts'
import { OAuthSettings } from './oauth/settings.ts'
import { oauthMigrations } from './oauth/storage/oauth-migrations.ts'
import { Telling } from './oauth/telling/telling.ts'
import { Outgoing } from './outgoing/outgoing.ts'
import { policyTrail } from './policy-trail.ts'
import { refuseUnfinished } from './transfer/mark.ts'
import { webhookMigrations } from './webhooks/outbox-migrations.ts'

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
  readonly secondFactors: SecondFactors
  /** By which other sites users sign in. */
  readonly identities: SocialIdentities
  /** What users are told by mail. */
  readonly letters: Letters
  /** What apps are told of their grants. */
  readonly telling: Telling
  /** The site's policy for apps. */
  readonly settings: OAuthSettings
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
  ...webhookMigrations,
]

/**
 * Puts storage, documents and identity together on an open database, and brings its schema up to date.
 *
 * @param onWork - hears of what takes long meanwhile
 */
export async function openRooms(
  database: Database,
  config: Config,
  apiMethods: readonly Method[],
  hooks: Hooks,
  sealer: Sealer,
  issuer: () => string,
  onWork?: OnWork,
): Promise<Rooms> {
  await refuseUnfinished(database)
  await migrate(database, MIGRATIONS)
  await followRelease(database, onWork)
  await keepTrailProtected(database)
  const clock = new Clock()
  const now = (): number => clock.now()
  const [generation, audit] = [new Generation(database), new Audit({ database, now })]
  const [accounts, sessions] = [new Accounts(database, now), new Sessions(database, now)]
  const doctypes = new DocTypes(database)
  generation.onChange(() => doctypes.load())
  generation.onChange(async () => audit.people.forget())
  const telling = new Telling({ database, audit, sealer, accounts, now })
  sessions.onEnd(telling.onSessionEnd)
  const grants = new Grants({ database, audit, now, listeners: [telling.onGrant] })
  const secondFactors = new SecondFactors({ database, audit, generation, sealer, now })
  const letters = new Letters({ database, outbox: config.mail && telling.outbox })
  const notes: NoteParts = { premises: () => documents.premises, principalOf: (user) => principals.of(user) }
  const methods = methodsOf({ database, generation, audit, accounts }, () => documents.premises, notes, apiMethods, hooks)
  const held = { database, generation, clock, audit, doctypes, accounts, sessions, grants, secondFactors, letters, telling, methods }
  const isElsewhere = (): boolean => config.upstream !== undefined
  const eventParts = { doctypeOf: (name: string) => doctypes.get(name), now, zone: config.timezone }
  const documents = new Documents({
    database,
    doctypes,
    clock,
    zone: config.timezone,
    controllers: hooks.around(
      new Map([...controllersOf({ ...held, issuer }, config, () => ({ principals, settings })), ...noteControllers(notes)]),
      eventParts,
    ),
    listeners: [
      ...noteListeners(notes),
      fileListener(() => documents.premises),
      shareListener(() => documents.premises, generation),
      judgementListener(generation),
      policyTrail(audit),
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
  const settings = new OAuthSettings({ documents, generation })
  await generation.observe(await generation.read())
  const identities = new SocialIdentities({ database, accounts, audit, keys: socialKeysIn({ documents, database }) })
  return { ...held, documents, principals, identities, settings }
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
      ...(doctype === 'User' ? { about: name, detail: { doctype, fieldname } } : { detail: { doctype, name, fieldname } }),
    })

/** Each core DocType's behaviour, from the room that owns it. */
function controllersOf(
  rooms: Omit<Rooms, 'documents' | 'principals' | 'identities' | 'settings'> & { readonly issuer: () => string },
  config: Config,
  late: () => Pick<Rooms, 'principals' | 'settings'>,
): Map<string, Controller> {
  const { database, generation, clock, audit, doctypes, accounts, sessions, grants, letters, telling } = rooms
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
        onPasswordChanged: (connection, user) => letters.passwordChanged(connection, user),
        onRolesLost: (connection, user, roles) => endForUser(connection, user, roles, { grants, now }),
        onRemoved: removeApprovalsOf,
      }),
    ],
    ['Role', roleController(generation)],
    ['User Permission', judgementController(generation)],
    ['DocShare', docShareController((name) => doctypes.get(name))],
    ['Custom DocPerm', customDocPermController(doctypes, generation)],
    [
      'OAuth Client',
      clientController({
        grants,
        audit,
        eventSecrets: telling.eventSecrets,
        now,
        doctypeOf: (name) => doctypes.get(name),
        httpRedirectHosts: config.httpRedirectHosts,
        allowAdministrator: config.allowAdministrator,
        principalOf: (user) => late().principals.of(user),
        settings: async () => late().settings.read(),
      }),
    ],
    ['File', fileController({ dialect: dialectOf(database.engine), maxSize: config.maxFileSize })],
    ['OAuth Settings', settingsController({ generation, audit, grants, now, doctypeOf: (name) => doctypes.get(name) })],
    [
      'Social Login Key',
      socialKeyController({ audit, outgoing: new Outgoing({ allowPrivate: config.allowPrivate }), issuer: rooms.issuer }),
    ],
    ['OAuth Bearer Token', bearerTokenController({ database, now, zone: config.timezone })],
  ])
}
