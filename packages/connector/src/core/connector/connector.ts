import type { Session } from '../sign-in/sessions.ts'
import { isOwnOrigin, type HeadersOf } from '../sign-in/cookies.ts'
import type { CheckOptions } from '../setup/checking/check.ts'
import type { Finding } from '../setup/checking/finding.ts'
import type { LinkDefinitions } from '../links/link-options.ts'
import { SiteScripts, type Scripts } from '../scripts/scripts.ts'
import { addressAt } from './answering/addresses.ts'
import type { Connection } from './connection.ts'
import type { ConnectorEvents, Listener } from './events.ts'
import type { Handles } from './handles.ts'
import { checkOptions, type CommonOptions, type ConnectorOptions, type SiteOptions } from './options.ts'
import type { SignInOptions } from './answering/sign-in-options.ts'
import type { Route, Worked } from './room.ts'
import { openRooms } from './rooms.ts'
import { dispatch, type Answering } from './answering/routes.ts'
import { openParts, type SiteParts } from './site-parts.ts'
import type { Worker } from './working/work.ts'

/** What an app holds: sign-in for its browsers, and each person's connection to the site. */
export interface Connector extends Handles {
  /** The app's own origin. */
  readonly origin: string
  /** What `handler` answers, for frameworks that want to be told. */
  readonly routes: readonly Route[]
  /** Answers the connector's own paths; undefined for every other. */
  handler(request: Request): Promise<Response | undefined>
  /** Who is signed in in this browser. Takes a `Request`, or the request of node, Express or Fastify. */
  session(request: HeadersOf): Promise<Session | undefined>
  /**
   * A person's access to the site: by their session, or by the connection's id where there is none. By the session, `url` of
   * `SignInRequired` and `ScopeMissing` leads back to where they were when it was read.
   */
  connection(who: Session | string): Connection
  /** Anything of the site, as the person of a session: short for `connection(session).fetch`. */
  fetch(session: Session, path: string, init?: RequestInit): Promise<Response>
  /** Where to send a browser to sign in. */
  signInUrl(options?: SignInOptions): string
  /** Where a form posts to sign out. */
  readonly signOutUrl: string
  /** Where a form posts to sign out here and at the site. */
  readonly siteSignOutUrl: string
  /** The link fields that are configured. */
  readonly links: LinkDefinitions
  /** For scripts of the site's own pages. @throws {Error} one sentence when the option `scripts` is not set */
  readonly scripts: Scripts
  /** Whether an unsafe request comes from the app's own pages; refuse it otherwise. */
  isOwnOrigin(request: HeadersOf): boolean
  /** Hears of an event until the function given back is called. A listener's error is logged and harms nobody. */
  on<E extends keyof ConnectorEvents>(event: E, listener: Listener<E>): () => void
  /**
   * What of the settings is right, wrong, or not to be told from here, in one sentence each. Asks the site; changes nothing.
   *
   * @param options.apiKey `key:secret` of a System Manager's: every field can be compared then
   */
  check(options?: CheckOptions): Promise<Finding[]>
  /** One round of all that is due, after the one under way. For a cron job or a test. */
  work(options?: { readonly signal?: AbortSignal }): Promise<Worked>
  /** Works until stopped: at once on what arrives in this process, within a second on what arrived in another, on the rest when due. */
  start(): { stop(): Promise<void> }
}

/**
 * Joins an app with a site.
 *
 * @throws {Error} one sentence that names the option which is wrong
 */
export function createConnector(options: ConnectorOptions): Connector {
  checkOptions(options)
  return new ConnectorOfSite(options)
}

/** The connector of one tenant; its options are checked by whoever makes it. */
export class ConnectorOfSite implements Connector {
  readonly origin: string
  readonly routes: readonly Route[]
  readonly signOutUrl: string
  readonly siteSignOutUrl: string
  readonly links: LinkDefinitions
  readonly #scripts: Scripts | undefined
  readonly #parts: SiteParts
  readonly #answering: readonly Answering[]
  readonly #openWorker: () => Promise<Worker>
  #worker: Promise<Worker> | undefined

  constructor(options: CommonOptions & SiteOptions, tenant = '') {
    const parts = openParts(options, tenant, () => void this.#worker?.then((worker) => worker.wake()))
    const rooms = openRooms(options, parts)
    this.#parts = parts
    this.origin = parts.origin
    this.signOutUrl = `${parts.origin}${parts.basePath}/logout`
    this.siteSignOutUrl = `${this.signOutUrl}?site=1`
    this.links = parts.links
    this.#scripts = options.scripts === true ? new SiteScripts(parts) : undefined
    this.#answering = rooms.flatMap((room) => room.routes)
    this.routes = this.#answering.map(({ route }) => route)
    this.#openWorker = async () => (await import('./working/duties.ts')).openWorker(rooms, options, parts)
  }

  handler(request: Request): Promise<Response | undefined> {
    return dispatch(request, this.#answering)
  }

  addressOf(target: string): string | undefined {
    return addressAt(this.origin, target)
  }

  session(request: HeadersOf): Promise<Session | undefined> {
    return this.#parts.session(request)
  }

  connection(who: Session | string): Connection {
    return this.#parts.connection(who)
  }

  fetch(session: Session, path: string, init?: RequestInit): Promise<Response> {
    return this.connection(session).fetch(path, init)
  }

  signInUrl(options?: SignInOptions): string {
    return this.#parts.signInUrl(options)
  }

  get scripts(): Scripts {
    if (this.#scripts !== undefined) return this.#scripts
    throw new Error('scripts must be true among the options of the connector, before scripts of the site may call this app')
  }

  async check(options?: CheckOptions): Promise<Finding[]> {
    return (await import('../setup/checking/check.ts')).checkSettings(this.#parts.registration, options)
  }

  isOwnOrigin(request: HeadersOf): boolean {
    return isOwnOrigin(request, this.origin)
  }

  on<E extends keyof ConnectorEvents>(event: E, listener: Listener<E>): () => void {
    return this.#parts.listeners.on(event, listener)
  }

  async work({ signal }: { readonly signal?: AbortSignal } = {}): Promise<Worked> {
    return (await this.#ofWork()).work(signal)
  }

  start(): { stop(): Promise<void> } {
    const working = this.#ofWork().then((worker) => worker.start())
    return { stop: async () => (await working).stop() }
  }

  /** One for all that ask: its rounds must not overlap. */
  #ofWork(): Promise<Worker> {
    return (this.#worker ??= this.#openWorker())
  }
}
