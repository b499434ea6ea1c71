import { KeyRing } from '../sealing/key-ring.ts'
import type { CheckParts } from '../setup/checking/check.ts'
import type { RegisteredClient } from '../setup/client.ts'
import { clientSource } from '../setup/client-source.ts'
import { Discovery } from '../setup/discovery.ts'
import { OwnCookies, parseReturnTo } from '../sign-in/cookies.ts'
import { Sessions } from '../sign-in/sessions.ts'
import { ConfiguredLinks } from '../links/open-links.ts'
import { AccessTokens } from '../tokens/access-tokens.ts'
import { TokenRequests } from '../tokens/token-requests.ts'
import type { Verification, VerificationParts } from '../tokens/verification.ts'
import { Vault } from '../tokens/token-vault.ts'
import { createSend, fetchTransport } from '../upstream/transport.ts'
import { Connection, type ConnectionParts } from './connection.ts'
import { carefully, Listeners } from './events.ts'
import type { CommonOptions, SiteOptions } from './options.ts'
import type { RoomParts, SignInOptions } from './room.ts'

/** What one tenant's connector is made of. */
export interface SiteParts extends RoomParts, Omit<ConnectionParts, 'signInUrl'> {
  readonly client: () => Promise<RegisteredClient>
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
  const registration = { tenant, issuer, scopes: [...required, ...optional], store, sealer, discovery, send: ask, clock }
  const registered = clientSource(client, registration)
  const requests = new TokenRequests(discovery, registered, ask)
  const vault = new Vault(store.connections, sealer, { tenant, clock })
  const cookies = new OwnCookies(origin, 'id' in client ? client.id : `${port}${hostname}`, tenant)
  const signInUrl = (asked: SignInOptions = {}) => signInUrlAt(`${origin}${basePath}/login`, asked)
  const listeners = new Listeners(log)
  const verification = verificationOf(options.verify, { discovery, requests, send: ask, clock })
  const forget = options.revocations?.docnames === 'keep' ? undefined : (id: string) => store.docnames.removeAll(id)
  const ended = { signInUrl: () => signInUrl(), forget }
  const tokens = new AccessTokens({ vault, leases: store.leases, requests, listeners, clock, log, verification, ...ended })
  const sessions = new Sessions(store, cookies, clock)
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
    forget,
    upstream: { url: issuer, transport, timeoutMs, clock, ...(send === undefined ? {} : { fetch: send }) },
    registration: { ...registration, client },
    links: new ConfiguredLinks(options.links ?? {}, clock),
    client: registered,
    clientId: async () => (await registered()).id,
    session: (request) => sessions.read(request),
    connection: (id) => new Connection(id, parts),
  }
  return parts
}

function verificationOf(verify: CommonOptions['verify'], parts: VerificationParts): (() => Promise<Verification>) | undefined {
  if (verify === undefined || verify === 'on-expiry') return undefined
  return async () => new (await import('../tokens/verification.ts')).Verification(parts, verify.everyMs)
}

function signInUrlAt(loginUrl: string, { returnTo, scopes }: SignInOptions): string {
  const url = new URL(loginUrl)
  if (returnTo !== undefined) url.searchParams.set('return_to', parseReturnTo(returnTo, url.origin))
  if (scopes !== undefined) url.searchParams.set('scope', scopes.join(' '))
  return url.href
}
