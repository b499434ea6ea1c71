import type { TenantStore } from '../../stores/connector-store.ts'
import type { Sealer } from '../sealing/sealer.ts'
import type { Discovery } from '../setup/discovery.ts'
import type { HeadersOf, OwnCookies } from '../sign-in/cookies.ts'
import type { Session, Sessions } from '../sign-in/sessions.ts'
import type { SignInOptions } from './answering/sign-in-options.ts'
import type { AccessTokens } from '../tokens/access-tokens.ts'
import type { TokenRequests } from '../tokens/token-requests.ts'
import type { Vault } from '../tokens/token-vault.ts'
import type { Send } from '../upstream/transport.ts'
import type { Connection } from './connection.ts'
import type { Listeners, Log } from './events.ts'

/** One path of the connector's own. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'OPTIONS'
  /** May end in `/*`. */
  readonly path: string
  /** The adapter has to hand the raw bytes of the body on. */
  readonly body: boolean
}

/** What one round of work did. */
export interface Worked {
  readonly inbox: number
  readonly told: number
  readonly renewed: number
  readonly swept: number
}

/** What a room of the core gives to the connector. */
export interface Room {
  readonly routes: readonly { readonly route: Route; answer(request: Request): Promise<Response> }[]
  /** One round of what is due; gives how much it did. */
  work?(signal: AbortSignal): Promise<Partial<Worked>>
}

/** What the connector gives to a room. */
export interface RoomParts {
  readonly tenant: string
  /** The app's own origin. */
  readonly origin: string
  readonly basePath: string
  readonly issuer: string
  readonly clientId: () => Promise<string>
  readonly store: TenantStore
  readonly sealer: Sealer
  readonly discovery: Discovery
  readonly requests: TokenRequests
  readonly tokens: AccessTokens
  readonly vault: Vault
  readonly sessions: Sessions
  readonly cookies: OwnCookies
  readonly send: Send
  /** Milliseconds since 1970. */
  readonly clock: () => number
  readonly listeners: Listeners
  readonly log: Log
  readonly session: (request: HeadersOf) => Promise<Session | undefined>
  readonly connection: (id: string) => Connection
  readonly signInUrl: (options?: SignInOptions) => string
  /** Drops what was kept for a person whose access has ended; undefined where it is to stay. */
  readonly forget: ((connection: string) => Promise<void>) | undefined
  /** Something waits now: the worker of this process need not sleep on. */
  readonly wake: () => void
}
