import { KeyRing } from '../sealing/key-ring.ts'
import type { CheckParts } from '../setup/checking/check.ts'
import type { RegisteredClient } from '../setup/client.ts'
import { clientSource } from '../setup/client-source.ts'
import { Discovery } from '../setup/discovery.ts'
import { OwnCookies, parseReturnTo } from '../sign-in/cookies.ts'
import { Sessions, type Session } from '../sign-in/sessions.ts'
import { logoutUriOf } from '../revocations/revocation-options.ts'
import { ConfiguredLinks } from '../links/open-links.ts'
import { AccessTokens } from '../tokens/access-tokens.ts'
import { TokenRequests } from '../tokens/token-requests.ts'
import type { Verification, VerificationParts } from '../tokens/verification.ts'
import { Vault } from '../tokens/token-vault.ts'
import { createSend, fetchTransport } from '../upstream/transport.ts'
import { Connection, type ConnectionParts } from './connection.ts'
import { carefully, Listeners } from './events.ts'
import { Places } from './answering/places.ts'
import { SESSION_MS, type CommonOptions, type SiteOptions } from './options.ts'
import type { SignInOptions } from './answering/sign-in-options.ts'
import type { RoomParts } from './room.ts'

/** What one tenant's connector is made of. */
export interface SiteParts extends RoomParts, Omit<ConnectionParts, 'signInUrl'> {
  readonly client: () => Promise<RegisteredClient>
  readonly connection: (who: string | Session) => Connection
  readonly registration: CheckParts
}

/** @param wake told when something has arrived that the worker could take at once */
export function openParts(options: CommonOptions & SiteOptions, tenant: string, wake: () => void): SiteParts {
  const {
    issuer,
    client,
    basePath = '/connect',
    clock = Date.now,
    fetch: send,
    transport = fetchTransport(send),
    timeoutMs = 10_000,
    log: appLog = () => undefined,
  } = options
  const log = carefully(appLog)
  const { origin, port, hostname } = new URL(client.redirectUri)
  const store = options.store.of(tenant)
  const ask = createSend(transport, timeoutMs)
  const discovery = new Discovery(issuer, ask, clock)
  const sealer = new KeyRing(options.keys)
  const { required, optional = [] } = options.scopes
  const logoutUri = logoutUriOf(options.revocations, origin, basePath)
  const registration = { tenant, issuer, scopes: [...required, ...optional], logoutUri, store, sealer, discovery, send: ask, clock }
  const registered = clientSource(client, registration)
  const requests = new TokenRequests(discovery, registered, ask)
  const vault = new Vault(store.connections, sealer, { tenant, clock })
  const cookies = new OwnCookies(origin, 'id' in client ? client.id : `${port}${hostname}`, tenant)
  const places = new Places(client.redirectUri, basePath)
  const signInUrl = (asked: SignInOptions = {}) => signInUrlAt(`${origin}${basePath}/login`, asked, places)
  const listeners = new Listeners(log)
  const verification = verificationOf(options.verify, { discovery, requests, send: ask, clock })
  const forget = options.revocations?.docnames === 'keep' ? undefined : (id: string) => store.docnames.removeAll(id)
  const ended = { signInUrl: () => signInUrl(), forget }
  const tokens = new AccessTokens({ vault, leases: store.leases, requests, listeners, clock, log, verification, ...ended })
  const sessions = new Sessions(store, cookies, clock, options.session?.absoluteMs ?? SESSION_MS)
  const common = { tenant, clock, discovery, requests, sealer, cookies, send: ask }
  const parts: SiteParts = {
    ...common,
    origin,
    basePath,
    issuer,
    store,
    vault,
    tokens,
    sessions,
    listeners,
    log,
    wake,
    signInUrl,
    stepUpUrl: (needed, from) => {
      const scopes = needed.filter((scope) => registration.scopes.includes(scope))
      return scopes.length === 0 ? undefined : signInUrl({ ...from, scopes })
    },
    forget,
    upstream: { url: issuer, transport, timeoutMs, clock, ...(send === undefined ? {} : { fetch: send }) },
    registration: { ...registration, client },
    links: new ConfiguredLinks(options.links ?? {}, clock),
    client: registered,
    clientId: async () => (await registered()).id,
    session: async (request) => places.keep(await sessions.read(request), request),
    connection: (who) => (typeof who === 'string' ? new Connection(who, parts) : new Connection(who.connection, parts, places.of(who))),
  }
  return parts
}

function verificationOf(verify: CommonOptions['verify'], parts: VerificationParts): (() => Promise<Verification>) | undefined {
  if (verify === undefined || verify === 'on-expiry') return undefined
  return async () => new (await import('../tokens/verification.ts')).Verification(parts, verify.everyMs)
}

function signInUrlAt(loginUrl: string, { from, scopes, ...asked }: SignInOptions, places: Places): string {
  const url = new URL(loginUrl)
  const { returnTo = from && places.seen(from) } = asked
  if (returnTo !== undefined) url.searchParams.set('return_to', parseReturnTo(returnTo, url.origin))
  if (scopes !== undefined) url.searchParams.set('scope', scopes.join(' '))
  return url.href
}
