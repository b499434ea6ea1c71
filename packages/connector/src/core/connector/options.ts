import type { ConnectorStore } from '../../stores/connector-store.ts'
import type { Keys } from '../sealing/key-ring.ts'
import { checkClientOption, type ClientOptions } from '../setup/client.ts'
import { parseIssuer } from '../setup/issuer.ts'
import type { SignInFailure } from '../sign-in/sign-in-pages.ts'
import type { LinkOptions } from '../links/link-options.ts'
import type { Fetch, Transport } from '../upstream/transport.ts'
import { checkRevocations, type RevocationOptions } from '../revocations/revocation-options.ts'
import { checkWebhooks, type WebhookOptions } from '../webhooks/webhook-options.ts'
import type { Log } from './events.ts'

/** How an app is known to one site. */
export interface SiteOptions {
  /** The site's address, to the letter as it calls itself; https, or http on loopback. */
  readonly issuer: string
  /** This app as it is registered there, or how it registers itself. `redirectUri` also says where the app itself lives. */
  readonly client: ClientOptions
  /** What a sign-in asks for; `required` must hold `openid`. The site decides which of them a person may leave out. */
  readonly scopes: { readonly required: readonly string[]; readonly optional?: readonly string[] }
}

/** What an app sets once, for one site or for many. */
export interface CommonOptions {
  /** Where tokens, sessions and docnames are kept. */
  readonly store: ConnectorStore
  /** What they are sealed with. */
  readonly keys: Keys
  /** Where the connector's own paths stand; `/connect` when absent. */
  readonly basePath?: string
  readonly fetch?: Fetch
  /** Carries requests in place of `fetch`, for example `undiciTransport()` of `@annex/connector/node`. */
  readonly transport?: Transport
  /** Milliseconds since 1970. */
  readonly clock?: () => number
  /**
   * In milliseconds, 10,000 when absent: for each answer while somebody signs in or tokens are renewed; for a call of a connection's
   * client with all its attempts and the waits between them.
   */
  readonly timeoutMs?: number
  /**
   * Query Token: when a token's time alone decides (`on-expiry`, when absent), or the site is asked whether it stands before
   * it is used, at most once in so many milliseconds (0 = each time).
   */
  readonly verify?: 'on-expiry' | { readonly everyMs: number }
  /** Connections that nobody has used for so many milliseconds are renewed by the worker, so that the site does not end them; a day when absent. */
  readonly keepAliveMs?: number
  /**
   * When who is signed in to the app in a browser has to sign in again: `absoluteMs` milliseconds after the sign-in, however
   * much it is used; thirty days when absent, 400 days at most, because no browser keeps a cookie longer (RFC 6265bis section 5.5).
   */
  readonly session?: { readonly absoluteMs?: number }
  /** Link fields, by their keys: `GET <basePath>/links/<key>` answers those, and no other. */
  readonly links?: LinkOptions
  /** Receives webhooks at `POST <basePath>/webhook/<DocType>` and `POST <basePath>/webhook`. */
  readonly webhooks?: WebhookOptions
  /** Hears of revocations at `POST <basePath>/events` and `POST <basePath>/backchannel-logout`. */
  readonly revocations?: RevocationOptions
  /** Lets scripts of the site's own pages call this app: see `connector.scripts`. */
  readonly scripts?: boolean
  /** What happened, for the app's log. Never holds a token. */
  readonly log?: Log
  /** Shows a failed sign-in in the app's own look. */
  readonly onSignInFailed?: (failure: SignInFailure) => Response | Promise<Response>
}

/** Of an app of one site. */
export type ConnectorOptions = CommonOptions & SiteOptions

/** @throws {Error} one sentence that names the option which is wrong, and what to write instead */
export function checkOptions(options: ConnectorOptions): void {
  const { issuer, client, scopes, store, keys, basePath = '/connect', webhooks, revocations } = options
  parseIssuer(issuer)
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(basePath)) throw new Error(`basePath ${basePath} must be a path such as /connect`)
  checkClientOption(client, new URL(issuer).origin, basePath)
  checkScopesOption(scopes)
  if (typeof store?.of !== 'function')
    throw new Error('store must be the home of the tokens: memoryStore(), or what openSqlStore(url) gives')
  if (keys?.ring === undefined)
    throw new Error("keys must be a ring of keys: createKeys() makes one, to be kept in the app's configuration")
  checkTimes(options)
  if (webhooks !== undefined) checkWebhooks(webhooks)
  if (revocations !== undefined) checkRevocations(revocations)
}

const DAY_MS = 86_400_000

/** How long a session lives that the app sets nothing for, in milliseconds. */
export const SESSION_MS = 30 * DAY_MS

function checkTimes({ timeoutMs = 1, keepAliveMs = 1, verify = 'on-expiry', session: { absoluteMs = 1 } = {} }: CommonOptions): void {
  if (!(timeoutMs > 0)) throw new Error(`timeoutMs ${timeoutMs} must be milliseconds, more than 0`)
  if (!(keepAliveMs > 0)) throw new Error(`keepAliveMs ${keepAliveMs} must be milliseconds, more than 0`)
  if (!(absoluteMs > 0 && absoluteMs <= 400 * DAY_MS))
    throw new Error(`session.absoluteMs ${absoluteMs} must be milliseconds, more than 0 and not more than 400 days`)
  if (verify !== 'on-expiry' && !(verify.everyMs >= 0))
    throw new Error("verify must be 'on-expiry', or { everyMs } with the milliseconds for which one answer of the site counts")
}

function checkScopesOption(scopes: ConnectorOptions['scopes'] | undefined): void {
  if (!Array.isArray(scopes?.required) || !scopes.required.includes('openid'))
    throw new Error('scopes.required must hold openid: without it the site does not say who signs in')
  const wrong = [...scopes.required, ...(scopes.optional ?? [])].find((scope) => !/^[\x21\x23-\x5B\x5D-\x7E]+$/.test(scope))
  if (wrong !== undefined) throw new Error(`scopes: “${wrong}” must be one scope, without spaces and quotes`)
}
