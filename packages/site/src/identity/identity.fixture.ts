import { Generation, databaseMigrations, migrate, openDatabase, type Connection, type Database, type Engine } from '@annex/database'
import { pino } from 'pino'
import { temporaryDatabase } from '../../../../tests/support/databases.ts'
import { Audit } from '../audit/audit.ts'
import { auditMigrations } from '../audit/audit-migrations.ts'
import { callMethod, type Method } from '../backend/method.ts'
import type { Controller } from '../doctypes/controller.ts'
import { DocTypes } from '../doctypes/doctypes.ts'
import { doctypeMigrations } from '../doctypes/migrations.ts'
import { Clock } from '../doctypes/values/clock.ts'
import { Documents } from '../documents/documents.ts'
import { createServer, type HttpServer } from '../http/server.ts'
import { errorPage } from '../pages/error-page.ts'
import { styleSource } from '../pages/styles.ts'
import { testSealer } from '../oauth/keys/sealing/sealer.fixture.ts'
import { GUEST, type Principal } from '../policy/principal.ts'
import { Accounts } from './accounts/accounts.ts'
import { roleController } from './accounts/role-controller.ts'
import { judgementController, userController } from './accounts/user-controller.ts'
import { apiKeyAuthenticator, sessionAuthenticator } from './authenticators.ts'
import { factorMethods } from './factor/factor-methods.ts'
import { factorRoutes } from './factor/factor-routes.ts'
import { SecondFactors } from './factor/second-factors.ts'
import { identityMethods } from './identity-methods.ts'
import { identityMigrations } from './identity-migrations.ts'
import { identityRoutes } from './identity-routes.ts'
import { accountRoutes } from './own-account/account-routes.ts'
import { PasswordProof } from './own-account/password-proof.ts'
import { Letters, type LettersParts } from './letters/letters.ts'
import { ForgottenPasswords } from './password-reset/forgotten-passwords.ts'
import { PasswordResets } from './password-reset/password-resets.ts'
import { resetMethods } from './password-reset/reset-methods.ts'
import { resetRoutes } from './password-reset/reset-routes.ts'
import { Principals } from './principals.ts'
import { Sessions } from './sessions/sessions.ts'
import { SocialIdentities } from './own-account/social-identities.ts'
import { socialMethods } from './own-account/social-methods.ts'
import { SocialKeys } from './social/social-keys.ts'
import { SignIn } from './sign-in.ts'

/** The rooms below identity and identity itself, on real parts, without the rest of a site. */
export interface IdentityHouse {
  readonly base: string
  readonly database: Database
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly principals: Principals
  readonly generation: Generation
  readonly documents: Documents
  readonly resets: PasswordResets
  readonly identities: SocialIdentities
  readonly audit: Audit
  /** Users whose grants would have been revoked. */
  readonly revoked: string[]
  /** Moves the clock of sessions and accounts, in seconds. */
  advance(seconds: number): void
  close(): Promise<void>
}

export interface HouseOptions {
  /** Where letters go; without it the house sends none. */
  readonly outbox?: LettersParts['outbox']
}

export async function openIdentityHouse(engine: Engine, { outbox }: HouseOptions = {}): Promise<IdentityHouse> {
  const place = await temporaryDatabase(engine)
  const database = await openDatabase(place.url)
  await migrate(database, [...databaseMigrations, ...doctypeMigrations, ...auditMigrations, ...identityMigrations])
  let ahead = 0
  const now = (): number => Date.now() * 1000 + ahead
  const [accounts, sessions, generation, audit] = [
    new Accounts(database, now),
    new Sessions(database, now),
    new Generation(database),
    new Audit({ database, now }),
  ]
  const doctypes = new DocTypes(database)
  await doctypes.load()
  generation.onChange(() => doctypes.load())
  const revoked: string[] = []
  const factors = new SecondFactors({ database, audit, generation, sealer: testSealer(), now })
  const onCredentialsChanged = async (_connection: Connection, user: string): Promise<void> => void revoked.push(user)
  const controllers = new Map<string, Controller>([
    ['User', userController({ accounts, sessions, generation, audit, onCredentialsChanged })],
    ['Role', roleController(generation)],
    ['User Permission', judgementController(generation)],
  ])
  const letters = new Letters({ database, outbox })
  const forgotten = new ForgottenPasswords({ letters, onFault: () => {} })
  const methods = new Map<string, Method>(
    [
      ...identityMethods(accounts),
      ...factorMethods(() => factors),
      ...resetMethods(() => ({ resets, forgotten, audit })),
      ...socialMethods(() => ({ identities, zone: 'UTC' })),
    ].map((method) => [method.name, method]),
  )
  const documents = new Documents({ database, doctypes, clock: new Clock(), zone: 'UTC', controllers, methods, sealer: testSealer() })
  const principals = new Principals({
    accounts,
    documents,
    generation,
    doctypeOf: (name) => doctypes.get(name),
    defaultsOf: async () => new Map(),
  })
  const parts = { database, audit, accounts, sessions, principals, generation }
  let base = ''
  const server = createServer<Principal>({
    guest: GUEST,
    authenticators: [apiKeyAuthenticator(parts), sessionAuthenticator(parts)],
    issuer: () => base,
    secureCookies: false,
    hsts: false,
    trustedProxies: ['127.0.0.0/8'],
    styleSource,
    errorPage,
    around: ({ ip, caller }, run) => audit.from({ ip, user: caller.user }, run),
    log: pino({ level: 'silent' }),
  })
  identityRoutes(server, {
    accounts,
    sessions,
    signIn: new SignIn({
      database,
      accounts,
      sessions,
      audit,
      factors,
      lacksFactor: (user) => principals.lacksFactor(user),
      onWrongCode: (connection, user, from) => letters.codeRefused(connection, user, from),
      now,
    }),
    issuer: () => base,
  })
  const keys = new SocialKeys({ documents, readSecret: async () => undefined })
  const identities = new SocialIdentities({ database, accounts, audit, keys })
  const proof = new PasswordProof({ accounts, audit })
  accountRoutes(server, { database, accounts, sessions, audit, identities, proof, now, endGrants: onCredentialsChanged, zone: 'UTC' })
  const resets = new PasswordResets({ database, accounts, sessions, audit, endGrants: onCredentialsChanged, issuer: () => base, now })
  factorRoutes(server, { accounts, sessions, proof, factors, issuer: () => base })
  resetRoutes(server, { accounts, resets, forgotten })
  callerRoutes(server, documents, methods)
  base = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`
  return {
    base,
    database,
    accounts,
    sessions,
    principals,
    generation,
    documents,
    resets,
    identities,
    audit,
    revoked,
    advance: (seconds) => (ahead += seconds * 1_000_000),
    close: async () => {
      await server.close()
      await sessions.settled()
      await letters.settled()
      await database.close()
      await place.remove()
    },
  }
}

/** Methods by their names, and who is calling. */
function callerRoutes(server: HttpServer<Principal>, documents: Documents, methods: ReadonlyMap<string, Method>): void {
  server.route(['GET', 'POST'], '/api/method/:method', async ({ caller, args, method, params }) => ({
    json: { message: await callMethod(methods, documents, caller, { method: params['method'] ?? '', httpMethod: method, args }) },
  }))
  server.route('GET', '/api/me', async ({ caller }) => ({
    json: { user: caller.user, roles: [...caller.roles].toSorted(), permissions: caller.userPermissions },
  }))
}
