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
import { Trail } from '../../audit/trail.ts'
import { auditMigrations } from '../../audit/audit-migrations.ts'
import type { Controller } from '../../doctypes/controller.ts'
import type { Sealer } from '../../documents/secrets/sealer.ts'
import { doctypeController } from '../../doctypes/doctype-controller.ts'
import { DocTypes } from '../../doctypes/doctypes.ts'
import { doctypeMigrations } from '../../doctypes/migrations.ts'
import { readSiteId } from '../../doctypes/tables/site-id-store.ts'
import { Clock } from '../../doctypes/values/clock.ts'
import { Documents } from '../../documents/documents.ts'
import type { Authenticator, Handler } from '../../http/exchange.ts'
import { createServer } from '../../http/server.ts'
import { Accounts } from '../../identity/accounts/accounts.ts'
import { judgementController, userController } from '../../identity/accounts/user-controller.ts'
import { apiKeyAuthenticator, sessionAuthenticator } from '../../identity/authenticators.ts'
import { identityMigrations } from '../../identity/identity-migrations.ts'
import { identityRoutes } from '../../identity/identity-routes.ts'
import { SocialIdentities } from '../../identity/own-account/social-identities.ts'
import { Principals } from '../../identity/principals.ts'
import { Sessions } from '../../identity/sessions/sessions.ts'
import { SignIn } from '../../identity/sign-in.ts'
import { socialKeysIn } from '../../identity/social/open-social.ts'
import { errorPage } from '../../pages/error-page.ts'
import { styleSource } from '../../pages/styles.ts'
import { ADMINISTRATOR, GUEST, type Principal } from '../../policy/principal.ts'
import { endForUser } from '../access/lost-roles.ts'
import { withApiAccess } from '../access/api-access.ts'
import { withBudget } from '../budgets/with-budget.ts'
import { webhookMigrations } from '../../webhooks/outbox-migrations.ts'
import { bearerTokenController } from '../bearer/bearer-token-controller.ts'
import { removeApprovalsOf } from '../clients/approvals/approvals-store.ts'
import { clientController } from '../clients/client-controller.ts'
import { Grants } from '../grants/grants.ts'
import { auditSigner } from '../keys/audit-signer.ts'
import { loadKeys, type Keys } from '../keys/load-keys.ts'
import { LiveKeys } from '../keys/rotation/live-keys.ts'
import { valueSealer } from '../keys/sealing/value-sealer.ts'
import { settingsController } from '../settings/settings-controller.ts'
import { OAuthSettings } from '../settings.ts'
import { oauthMigrations } from '../storage/oauth-migrations.ts'
import type { OAuthEvent, OAuthListener } from '../oauth-events.ts'
import { resourceMetadataUrl } from '../oauth-routes.ts'
import { Telling } from '../telling/telling.ts'
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
  readonly identities: SocialIdentities
  readonly telling: Telling
  readonly sessions: Sessions
  readonly generation: Generation
  readonly accounts: Accounts
  readonly principals: Principals
  readonly settings: OAuthSettings
  readonly audit: Audit
  readonly oauth: OAuth
  readonly trail: Trail
  readonly keys: Keys
  readonly ring: LiveKeys
  readonly sealer: Sealer
  readonly folder: string
  readonly events: OAuthEvent[]
  /** What went wrong beside any answer. */
  readonly faults: unknown[]
  /** What an operator was told. */
  readonly notices: string[]
  /** Lines of the log. */
  readonly logged: string[]
  /** UTC microseconds, by the provider's clock. */
  readonly now: () => number
  /** Moves the provider's clock, in seconds. */
  advance(seconds: number): void
  close(): Promise<void>
}

export async function openProvider(engine: Engine, settings: ProviderSettings = {}): Promise<Provider> {
  const place = await temporaryDatabase(engine)
  const folder = await mkdtemp(join(tmpdir(), 'annex-provider-'))
  const database = await openDatabase(place.url)
  const own = [...auditMigrations, ...identityMigrations, ...oauthMigrations, ...webhookMigrations]
  await migrate(database, [...databaseMigrations, ...doctypeMigrations, ...own])
  let ahead = 0
  const clock = new Clock()
  const keys = await loadKeys({ keys: undefined, dataFolder: folder })
  const house = await openHouse(database, clock, () => clock.now() + ahead, keys, settings)
  const { oauth, trail, base, close } = await serve(house, settings)
  await house.accounts.ensureAdministrator(PASSWORD)
  await house.documents.insert(ADMINISTRATOR, 'DocType', [doctype('Item'), doctype('Sales Invoice')])
  return {
    ...house,
    base,
    oauth,
    trail,
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
async function openHouse(database: Database, clock: Clock, now: () => number, keys: Keys, settings: ProviderSettings) {
  const doctypes = new DocTypes(database)
  await doctypes.load()
  const [accounts, sessions, generation] = [new Accounts(database, now), new Sessions(database, now), new Generation(database)]
  generation.onChange(() => doctypes.load())
  const audit = new Audit({ database, now })
  const [events, faults, notices, logged]: [OAuthEvent[], unknown[], string[], string[]] = [[], [], [], []]
  const ring = new LiveKeys({ database, ring: keys, now, onNotice: (sentence) => void notices.push(sentence) })
  const sealer = valueSealer({ ring, siteOf: readSiteId, onLacking: (keyId) => ring.noteLacking(keyId) })
  const telling = new Telling({ database, audit, sealer, accounts, now })
  sessions.onEnd(telling.onSessionEnd)
  const listeners: OAuthListener[] = [async (_connection, told) => void events.push(...told), telling.onGrant]
  const grants = new Grants({ database, audit, now, listeners })
  const onCredentialsChanged = (connection: Connection, user: string): Promise<void> =>
    grants.revokeForUser(connection, user, 'credentials_changed')
  const judgement = judgementController(generation)
  const rules = {
    doctypeOf: doctypes.get.bind(doctypes),
    httpRedirectHosts: settings.httpRedirectHosts ?? [],
    allowAdministrator: settings.allowAdministrator ?? false,
    principalOf: (user: string) => principals.of(user),
    settings: async () => policy.read(),
  }
  const controllers = new Map<string, Controller>([
    ['DocType', doctypeController(doctypes, generation, dialectOf(database.engine))],
    [
      'User',
      userController({
        accounts,
        sessions,
        generation,
        audit,
        onCredentialsChanged,
        onRolesLost: (connection, user, roles) => endForUser(connection, user, roles, { grants, now }),
        onRemoved: removeApprovalsOf,
      }),
    ],
    ['Role', judgement],
    ['User Permission', judgement],
    ['OAuth Client', clientController({ grants, audit, eventSecrets: telling.eventSecrets, now, ...rules })],
    ['OAuth Settings', settingsController({ generation, audit, grants, now, doctypeOf: rules.doctypeOf })],
    ['OAuth Bearer Token', bearerTokenController({ database, now, zone: 'UTC' })],
  ])
  const documents = new Documents({ database, doctypes, clock, zone: 'UTC', controllers, methods: new Map(), sealer })
  const principals = new Principals({
    accounts,
    documents,
    generation,
    doctypeOf: (name) => doctypes.get(name),
    defaultsOf: async () => new Map(),
  })
  const policy = new OAuthSettings({ documents, generation })
  const identities = new SocialIdentities({ database, accounts, audit, keys: socialKeysIn({ documents, database }) })
  return {
    database,
    now,
    ring,
    sealer,
    doctypes,
    accounts,
    sessions,
    generation,
    audit,
    events,
    faults,
    notices,
    logged,
    grants,
    telling,
    documents,
    principals,
    identities,
    settings: policy,
  }
}

/** The provider over those rooms, on a free port. */
async function serve(house: House, settings: ProviderSettings) {
  let base = ''
  const issuer = (): string => base
  const trail = new Trail({ ...house, signer: auditSigner(house.ring) })
  const oauth = await openOAuth({
    ...house,
    trail,
    users: usersOf(house),
    doctypeOf: (name) => house.doctypes.get(name),
    issuer,
    zone: 'UTC',
    allowAdministrator: settings.allowAdministrator ?? false,
    onFault: (error) => void house.faults.push(error),
    onNotice: (sentence) => void house.notices.push(sentence),
    onBroken: (error) => void house.faults.push(error),
  })
  const access = (authenticator: Authenticator<Principal>) =>
    withApiAccess(authenticator, {
      settings: house.settings,
      audit: house.audit,
      usage: oauth.usage,
      resourceMetadata: () => resourceMetadataUrl(base),
    })
  const server = createServer<Principal>({
    guest: GUEST,
    authenticators: [
      access(oauth.authenticator),
      withBudget(access(apiKeyAuthenticator(house)), oauth.budgets),
      sessionAuthenticator(house),
    ],
    issuer,
    secureCookies: false,
    hsts: false,
    trustedProxies: ['127.0.0.0/8'],
    challenge: () => `Bearer resource_metadata="${base}/.well-known/oauth-protected-resource"`,
    styleSource,
    errorPage,
    around: ({ ip, caller }, run) =>
      house.audit.from({ ip, user: caller.user, client: caller.token?.client, grant: caller.token?.grant }, run),
    gate: (authorization) => oauth.budgets.check(authorization),
    crossOrigin: oauth.origins,
    log: pino({ level: 'debug' }, { write: (line: string) => void house.logged.push(line) }),
  })
  identityRoutes(server, { ...house, signIn: new SignIn(house), issuer })
  oauth.routes(server)
  server.route(['GET', 'POST'], '/api/me', me)
  base = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`
  const close = async (): Promise<void> => {
    await server.close()
    await house.sessions.settled()
    await oauth.close()
    await house.audit.close()
  }
  return { oauth, trail, base, close }
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
