import { mayBeLoopback } from '@annex/protocol'
import type { HeadersOf } from '../../sign-in/cookies.ts'
import type { RevocationOptions } from '../../revocations/revocation-options.ts'
import type { DocumentChange, DocumentHint, WebhookOptions } from '../../webhooks/webhook-options.ts'
import { ConnectorOfSite, type Connector } from '../connector.ts'
import { carefully, type ConnectorEvents, type Log } from '../events.ts'
import { addressAt } from '../answering/addresses.ts'
import type { Handles } from '../handles.ts'
import { isOnMachine } from '../../setup/issuer.ts'
import { checkOptions, type CommonOptions, type ConnectorOptions, type SiteOptions } from '../options.ts'
import type { Route, Worked } from '../room.ts'
import { sumOf, Worker } from '../working/work.ts'
import { leadsTo } from '../answering/routes.ts'

/** What a tenant is told by: the request of node, Express or Fastify, or a `Request`. */
export type TenantRequest = HeadersOf & { readonly url?: string | undefined }

/** How an app is known to one of its sites, and what that site alone signs with. */
export interface TenantOptions extends SiteOptions {
  readonly webhookSecrets?: WebhookOptions['secrets']
  readonly eventSecrets?: readonly string[]
}

/** What an app does with webhooks of any of its sites; each site signs with secrets of its own. */
export interface TenantWebhooks extends Omit<WebhookOptions, 'secrets' | 'onDocument' | 'readers'> {
  /** As of one site, and whose tenant's it is. */
  readonly onDocument: (change: DocumentChange, tenant: string) => void | Promise<void>
  readonly readers?: (hint: DocumentHint, tenant: string) => readonly string[] | Promise<readonly string[]>
}

/** Several sites behind one app. */
export interface ConnectorsOptions extends Omit<CommonOptions, 'webhooks' | 'revocations' | 'basePath'> {
  /**
   * Where the connectors' own paths stand; `/connect` when absent. With the step `:tenant` in it (`/t/:tenant/connect`,
   * `/connect/:tenant`) each tenant has paths of its own, which its `redirectUri` must be one of.
   */
  readonly basePath?: string
  readonly tenants: {
    /**
     * The tenant's name (letters, digits, `-`, `_`, at most 64), from the host or the path; never from a parameter, which
     * a link could set for somebody else's session. From the path, `basePath` must hold it as well.
     */
    readonly of: (request: TenantRequest) => string | undefined
    /** The allow-list: what it does not give cannot be reached. */
    readonly read: (tenant: string) => TenantOptions | undefined | Promise<TenantOptions | undefined>
    /** The names of all that are allowed, for work that no request asks for. */
    readonly list: () => readonly string[] | Promise<readonly string[]>
  }
  /** For tenants that have `webhookSecrets`. */
  readonly webhooks?: TenantWebhooks
  /** For all tenants; secrets of events are each tenant's own. */
  readonly revocations?: Omit<RevocationOptions, 'eventSecrets'>
}

/** Hears of an event, and in whose connector it happened. */
export type TenantListener<E extends keyof ConnectorEvents> = (detail: ConnectorEvents[E], tenant: string) => void | Promise<void>

/** The connectors of an app of several sites, one for each tenant. Nothing of one tenant can reach another. */
export interface Connectors extends Handles {
  /** Answers for the request's tenant; 404 when it has none; undefined for paths that are the app's. */
  handler(request: Request): Promise<Response | undefined>
  /** The connector of the request's tenant; undefined for one that is not allowed. */
  of(request: TenantRequest): Promise<Connector | undefined>
  tenant(name: string): Promise<Connector | undefined>
  /** Hears of an event of any tenant until the function given back is called. */
  on<E extends keyof ConnectorEvents>(event: E, listener: TenantListener<E>): () => void
  /** A round of work for each tenant of the list. One that fails is logged, and leaves the others alone. */
  work(options?: { readonly signal?: AbortSignal }): Promise<Worked>
  /** Works for every tenant until stopped; one that comes, goes or changes is noticed within a minute. */
  start(): { stop(): Promise<void> }
}

/**
 * Joins an app with several sites, the one of a request chosen by `tenants.of` from what `tenants.read` allows.
 *
 * @throws {Error} one sentence that names the option which is wrong
 */
export function createConnectors(options: ConnectorsOptions): Connectors {
  const { of, read, list } = options.tenants ?? {}
  if ([of, read, list].some((verb) => typeof verb !== 'function'))
    throw new Error('tenants must have of(request), which names the tenant, read(tenant), which gives its site or nothing, and list()')
  return new ConnectorsOfSites(options)
}

interface Kept {
  /** The options that it was made of, by value. */
  readonly made: string
  readonly connector: ConnectorOfSite
  working: { stop(): Promise<void> } | undefined
}

/** One listener, and how it is taken from each connector that it was put to. */
interface Hearing {
  readonly put: (connector: ConnectorOfSite, tenant: string) => () => void
  readonly ends: Map<ConnectorOfSite, () => void>
}

/** Tenants whose work is done side by side in a round. */
const AT_ONCE = 8
const MINUTE_MS = 60_000

class ConnectorsOfSites implements Connectors {
  readonly routes: readonly Route[]
  readonly #options: ConnectorsOptions
  readonly #basePath: string
  readonly #kept = new Map<string, Kept>()
  readonly #hearings = new Set<Hearing>()
  /** Workers of connectors that are no more, on their way to an end. */
  readonly #stopping = new Set<Promise<void>>()
  #isWorking = false

  constructor(options: ConnectorsOptions) {
    this.#options = options
    this.#log = carefully(options.log ?? (() => undefined))
    this.#basePath = options.basePath ?? '/connect'
    if (/\/:(?!tenant(?:\/|$))|\/:.*\/:/.test(this.#basePath))
      throw new Error(`basePath ${this.#basePath} may hold one step that is a name, :tenant, as in /connect/:tenant`)
    const path = `${this.#basePath}/*`
    this.routes = (['GET', 'POST', 'OPTIONS'] as const).map((method) => ({ method, path, body: method === 'POST' }))
  }

  async handler(request: Request): Promise<Response | undefined> {
    const url = new URL(request.url)
    if (!leadsTo(`${this.#basePath}/*`, url.pathname)) return undefined
    const connector = await this.#of(request)
    if (connector === undefined) return new Response('No site is set up at this address', { status: 404 })
    // Host only chose the tenant: what is answered speaks of the tenant's own origin.
    return connector.handler(new Request(`${connector.origin}${url.pathname}${url.search}`, request))
  }

  of(request: TenantRequest): Promise<Connector | undefined> {
    return this.#of(request)
  }

  tenant(name: string): Promise<Connector | undefined> {
    return this.#tenant(name)
  }

  addressOf(target: string, host: string | undefined): string | undefined {
    // Anything else in a Host header could write a path of its own.
    return host !== undefined && /^[A-Za-z0-9.:[\]_-]+$/.test(host) ? addressAt(`http://${host}`, target) : undefined
  }

  on<E extends keyof ConnectorEvents>(event: E, listener: TenantListener<E>): () => void {
    const hearing: Hearing = { put: (connector, tenant) => connector.on(event, (detail) => listener(detail, tenant)), ends: new Map() }
    this.#hearings.add(hearing)
    for (const [tenant, { connector }] of this.#kept) hearing.ends.set(connector, hearing.put(connector, tenant))
    return () => {
      this.#hearings.delete(hearing)
      for (const end of hearing.ends.values()) end()
    }
  }

  async work({ signal = new AbortController().signal }: { readonly signal?: AbortSignal } = {}): Promise<Worked> {
    const names = [...(await this.#options.tenants.list())]
    const rounds: Partial<Worked>[] = []
    const next = async (): Promise<void> => {
      for (let name = names.shift(); name !== undefined && !signal.aborted; name = names.shift())
        rounds.push(await this.#orLogged(name, async () => (await this.#tenant(name))?.work({ signal })))
    }
    await Promise.all(Array.from({ length: AT_ONCE }, next))
    return sumOf(rounds)
  }

  start(): { stop(): Promise<void> } {
    this.#isWorking = true
    for (const kept of this.#kept.values()) void this.#setWorking(kept)
    const meeting = new Worker([{ name: 'tenants', everyMs: MINUTE_MS, run: () => this.#meetAll() }], this.#log).start()
    return {
      stop: async () => {
        this.#isWorking = false
        await meeting.stop()
        await Promise.all([...[...this.#kept.values()].map((kept) => this.#setWorking(kept)), ...this.#stopping])
      },
    }
  }

  readonly #log: Log

  /** What is kept of a tenant that is on no list any more goes with its own next reading. */
  async #meetAll(): Promise<Partial<Worked>> {
    for (const name of new Set([...(await this.#options.tenants.list()), ...this.#kept.keys()]))
      if (this.#isWorking) await this.#orLogged(name, async () => void (await this.#tenant(name)))
    return {}
  }

  async #orLogged(tenant: string, work: () => Promise<Partial<Worked> | void>): Promise<Partial<Worked>> {
    try {
      return (await work()) ?? {}
    } catch (error) {
      this.#log('tenant-failed', { tenant, error: error instanceof Error ? error.message : String(error) })
      return {}
    }
  }

  async #of(request: TenantRequest): Promise<ConnectorOfSite | undefined> {
    const name = this.#options.tenants.of(request)
    return name === undefined ? undefined : this.#tenant(name)
  }

  async #tenant(name: string): Promise<ConnectorOfSite | undefined> {
    const site = /^[A-Za-z0-9_-]{1,64}$/.test(name) ? await this.#options.tenants.read(name) : undefined
    const made = JSON.stringify(site)
    const kept = this.#kept.get(name)
    if (kept !== undefined && kept.made === made) return kept.connector
    // The one before must not go on with settings that are no more.
    if (kept !== undefined) this.#drop(name, kept)
    return site === undefined ? undefined : this.#make(name, site, made)
  }

  #make(name: string, site: TenantOptions, made: string): ConnectorOfSite {
    const options = { ...optionsOf(name, site, this.#options), basePath: this.#basePath.replace('/:tenant', `/${name}`) }
    checkOptions(options)
    if (!leadsTo(`${options.basePath}/*`, new URL(site.client.redirectUri).pathname))
      throw new Error(
        `client.redirectUri ${site.client.redirectUri} of the tenant ${name} must lead below ${options.basePath}, as all paths do`,
      )
    // What a customer writes into the app's table must lead nobody's requests to what else runs beside the app.
    if (mayBeLoopback(new URL(site.issuer).hostname) && !isOnMachine(new URL(site.client.redirectUri)))
      throw new Error(
        `issuer ${site.issuer} of the tenant ${name} must not be this very machine, as long as the app itself lives elsewhere`,
      )
    const kept: Kept = { made, connector: new ConnectorOfSite(options, name), working: undefined }
    for (const hearing of this.#hearings) hearing.ends.set(kept.connector, hearing.put(kept.connector, name))
    this.#kept.set(name, kept)
    void this.#setWorking(kept)
    return kept.connector
  }

  #drop(name: string, kept: Kept): void {
    this.#kept.delete(name)
    for (const hearing of this.#hearings) hearing.ends.delete(kept.connector)
    const stopping = Promise.resolve(kept.working?.stop()).finally(() => this.#stopping.delete(stopping))
    this.#stopping.add(stopping)
  }

  async #setWorking(kept: Kept): Promise<void> {
    if (this.#isWorking) {
      kept.working ??= kept.connector.start()
      return
    }
    const { working } = kept
    kept.working = undefined
    await working?.stop()
  }
}

/** One tenant's part of the options: nothing that another signs with. */
function optionsOf(
  tenant: string,
  { issuer, client, scopes, webhookSecrets, eventSecrets = [] }: TenantOptions,
  { webhooks, revocations, ...common }: Omit<ConnectorsOptions, 'tenants'>,
): ConnectorOptions {
  return {
    ...common,
    log: (event, detail) => common.log?.(event, { tenant, ...detail }),
    issuer,
    client,
    scopes,
    ...(webhooks === undefined || webhookSecrets === undefined ? {} : { webhooks: webhooksOf(tenant, webhooks, webhookSecrets) }),
    ...(revocations === undefined ? {} : { revocations: { ...revocations, eventSecrets } }),
  }
}

function webhooksOf(tenant: string, { onDocument, readers, ...rest }: TenantWebhooks, secrets: WebhookOptions['secrets']): WebhookOptions {
  return {
    ...rest,
    secrets,
    onDocument: (change) => onDocument(change, tenant),
    ...(readers === undefined ? {} : { readers: (hint) => readers(hint, tenant) }),
  }
}
