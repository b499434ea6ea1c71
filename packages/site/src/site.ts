import { openDatabase, type Database } from '@annex/database'
import type { Logger } from 'pino'
import { ensureAdministrator } from './admin-password.ts'
import { apiMethods } from './api/methods/api-methods.ts'
import { deliveryWorker, letterCarriers } from './assembly/delivery.ts'
import { documentsOf, guarded } from './assembly/guarded-backend.ts'
import { Issuer } from './assembly/issuer.ts'
import { apiDescription, documentRoutes, openServer } from './assembly/open-server.ts'
import { passwordResets } from './assembly/password-resets.ts'
import type { Trail } from './audit/trail.ts'
import type { Backend } from './backend/backend.ts'
import type { Config } from './config.ts'
import { sentenceOf } from './doctypes/release/release-work.ts'
import { readSiteId } from './doctypes/tables/site-id-store.ts'
import { openHooks, type Hooks } from './hooks/hooks.ts'
import type { HttpServer } from './http/server.ts'
import { factorMethods } from './identity/factor/factor-methods.ts'
import { ForgottenPasswords } from './identity/password-reset/forgotten-passwords.ts'
import { keepAddress } from './identity/password-reset/kept-address.ts'
import { PasswordResets } from './identity/password-reset/password-resets.ts'
import { socialMethods } from './identity/own-account/social-methods.ts'
import { resetMethods } from './identity/password-reset/reset-methods.ts'
import { resetRoutes } from './identity/password-reset/reset-routes.ts'
import { createLogger } from './logger.ts'
import { appsMethods } from './oauth/apps/apps-methods.ts'
import type { Clients } from './oauth/clients/clients.ts'
import { auditSigner } from './oauth/keys/audit-signer.ts'
import { loadKeys, type Keys } from './oauth/keys/load-keys.ts'
import type { KeyRotation } from './oauth/keys/rotation/key-rotation.ts'
import { LiveKeys } from './oauth/keys/rotation/live-keys.ts'
import type { SealedValues } from './oauth/keys/sealing/sealed-values.ts'
import { valueSealer } from './oauth/keys/sealing/value-sealer.ts'
import { openOAuth, type OAuth } from './oauth/oauth.ts'
import { usersOf } from './oauth/users.ts'
import { openTrail } from './open-trail.ts'
import type { Principal } from './policy/principal.ts'
import { openRooms, type Rooms } from './rooms.ts'
import { databaseFault, databaseSetting, listenFault, makeDataFolder } from './start-faults.ts'
import type { Carrier, Courier } from './webhooks/courier.ts'

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
  /** The site's keys, and their changes. */
  readonly keys: KeyRotation
  /** What they seal. */
  readonly sealedValues: SealedValues
  /** Rejects with one sentence when the process cannot go on: the site uses a key that it was not given. */
  readonly broken: Promise<never>
  readonly rooms: Rooms
  readonly trail: Trail
  readonly explain: OAuth['explain']
  readonly passwordResets: PasswordResets
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
 * @param onWork - is told in sentences, which the log has too, of what takes long meanwhile
 * @throws {Error} one sentence that names the setting or the place that is at fault; nothing is left half-written
 */
export async function openSite(config: Config, onWork: (sentence: string) => void = () => {}): Promise<Site> {
  await makeDataFolder(config.dataFolder)
  const keys = await loadKeys(config)
  const hooks = await openHooks(config.hooks)
  const database = await openDatabase(config.databaseUrl, { setting: databaseSetting(config) })
  try {
    return await assemble(config, database, keys, hooks, onWork)
  } catch (error) {
    await database.close()
    throw databaseFault(error, database, config) ?? error
  }
}

async function assemble(config: Config, database: Database, keys: Keys, hooks: Hooks, onWork: (sentence: string) => void): Promise<Site> {
  const log = createLogger(config.logLevel)
  const issuer = new Issuer(config)
  const ring = new LiveKeys({ database, ring: keys, now: () => rooms.clock.now(), onNotice: (sentence) => log.warn(sentence) })
  const sealer = valueSealer({ ring, siteOf: readSiteId, onLacking: (keyId) => ring.noteLacking(keyId) })
  const rooms: Rooms = await openRooms(
    database,
    config,
    [
      ...apiMethods(knownLate(config, () => rooms.doctypes)),
      ...appsMethods(() => ({ ...oauth, telling: rooms.telling, zone: config.timezone })),
      ...resetMethods(() => resetParts),
      ...factorMethods(() => rooms.secondFactors),
      ...socialMethods(() => ({ identities: rooms.identities, zone: config.timezone })),
    ],
    hooks,
    sealer,
    issuer.read,
    (work) => {
      log.info(work, sentenceOf(work))
      onWork(sentenceOf(work))
    },
  )
  const resets = passwordResets(rooms, issuer)
  const forgotten = new ForgottenPasswords({
    letters: rooms.letters,
    onFault: (error) => log.error({ error }, 'a reset letter could not be written'),
  })
  const resetParts = { ...rooms, resets, forgotten }
  const kept = openTrail(rooms, auditSigner(ring), (error) => log.error({ error }, 'the trail is behind'))
  const { promise: broken, reject: onBroken } = Promise.withResolvers<never>()
  // Whoever only works on the site without listening waits for nothing.
  broken.catch(() => undefined)
  const oauth = await openOAuth({ ...oauthParts(rooms, config, issuer, log), ring, sealer, trail: kept.trail, onBroken })
  const couriers = new Map<string, Courier | Carrier>([...oauth.couriers, ...letterCarriers(rooms, config, resets, issuer)])
  const worker = deliveryWorker(rooms, config, couriers, log)
  const password = await ensureAdministrator(rooms.accounts, config)
  const backend = guarded(rooms, await documentsOf(rooms, config), issuer, oauth)
  const server = openServer(rooms, config, oauth, issuer, log)
  resetRoutes(server, resetParts)
  documentRoutes(server, backend, config)
  apiDescription(server, backend, rooms, issuer)
  return {
    backend,
    clients: oauth.clients,
    keys: oauth.keys,
    sealedValues: oauth.sealedValues,
    broken,
    rooms,
    trail: kept.trail,
    explain: oauth.explain,
    passwordResets: resets,
    notes: notesOf(keys, password),
    listen: async () => {
      hooks.refuseUnknown((name) => rooms.doctypes.get(name))
      const listening = await bind(server, config, issuer)
      await keepAddress(config.dataFolder, listening.issuer)
      worker.start()
      return listening
    },
    close: async () => {
      await server.close()
      await worker.stop()
      await rooms.sessions.settled()
      await rooms.letters.settled()
      await oauth.close()
      await kept.close()
      await database.close()
    },
  }
}

/** What the methods ask of DocTypes, which are loaded after them. */
const knownLate = (config: Config, doctypes: () => Rooms['doctypes']): Parameters<typeof apiMethods>[0] => ({
  zone: config.timezone,
  doctypeOf: (name) => doctypes().get(name),
  parentsOf: (child) =>
    doctypes()
      .parentsOf(child)
      .map(({ doctype }) => doctype.name),
})

const notesOf = ({ written }: Keys, password: string | undefined): string[] => [
  ...(written === undefined ? [] : [`The keys of this site are in ${written}; keep a copy where the database is not`]),
  ...(password === undefined ? [] : [password]),
]

async function bind(server: HttpServer<Principal>, config: Config, issuer: Issuer): Promise<Listening> {
  try {
    const port = await server.listen(config.port, config.host)
    const host = config.host.includes(':') ? `[${config.host}]` : config.host
    return { issuer: issuer.bound(port), address: `http://${host}:${port}` }
  } catch (error) {
    throw listenFault(error, config) ?? error
  }
}

function oauthParts(
  rooms: Rooms,
  config: Config,
  issuer: Issuer,
  log: Logger,
): Omit<Parameters<typeof openOAuth>[0], 'onBroken' | 'trail' | 'ring' | 'sealer'> {
  const { database, generation, audit, grants, documents, doctypes, clock, settings, telling } = rooms
  return {
    database,
    generation,
    audit,
    grants,
    telling,
    documents,
    settings,
    users: usersOf(rooms),
    identities: rooms.identities,
    doctypeOf: (name) => doctypes.get(name),
    issuer: issuer.read,
    now: () => clock.now(),
    zone: config.timezone,
    allowAdministrator: config.allowAdministrator,
    onFault: (error) => log.error({ error }, 'a task beside the requests failed'),
    onNotice: (sentence) => log.warn(sentence),
  }
}
