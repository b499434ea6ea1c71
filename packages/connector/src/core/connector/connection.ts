import type { ConnectionState, TenantStore } from '../../stores/connector-store.ts'
import { SignInRequired } from '../errors.ts'
import type { Discovery } from '../setup/discovery.ts'
import type { Docnames } from '../docnames/docnames.ts'
import type { Links } from '../links/link-search.ts'
import { openLinks, type ConfiguredLinks } from '../links/open-links.ts'
import type { AccessTokens } from '../tokens/access-tokens.ts'
import type { TokenRequests } from '../tokens/token-requests.ts'
import type { Vault } from '../tokens/token-vault.ts'
import type { TokenOptions } from '../upstream/credentials.ts'
import { UpstreamClient, type UpstreamClientOptions } from '../upstream/upstream-client.ts'
import type { Log } from './events.ts'
import type { SignInOptions } from './answering/sign-in-options.ts'

export interface ConnectionParts {
  readonly store: TenantStore
  readonly vault: Vault
  readonly discovery: Discovery
  readonly tokens: AccessTokens
  readonly requests: TokenRequests
  readonly links: ConfiguredLinks
  /** How calls go to the site. */
  readonly upstream: Omit<UpstreamClientOptions, 'credentials'>
  readonly signInUrl: (options?: SignInOptions) => string
  /** Where a person is asked for those of these scopes that the app is set to ask for; undefined where it is set for none. */
  readonly stepUpUrl: (needed: readonly string[], from: SignInOptions) => string | undefined
  readonly clock: () => number
  readonly log: Log
}

/** One person's access to the site. */
export class Connection {
  readonly id: string
  /** The site's documents and methods, as this person. */
  readonly client: UpstreamClient
  /** Link fields over the site's documents. */
  readonly links: Links
  /** Names of documents that this person has seen, and what became of them. */
  readonly docnames: Docnames
  readonly #parts: ConnectionParts
  /** Where the person comes back to when they have to sign in. */
  readonly #from: SignInOptions

  constructor(id: string, parts: ConnectionParts, returnTo?: string) {
    const { store, signInUrl, stepUpUrl, upstream, clock, log, links: configured } = parts
    this.id = id
    this.#parts = parts
    const from = (this.#from = returnTo === undefined ? {} : { returnTo })
    const credentials = {
      token: (options?: TokenOptions) => this.token(options),
      signInUrl: () => signInUrl(from),
      stepUpUrl: (needed: readonly string[]) => stepUpUrl(needed, from),
    }
    this.client = new UpstreamClient({ ...upstream, credentials })
    const { client } = this
    const granted = {
      scopes: () => this.scopes(),
      // Who cannot tell shows nothing that may have been taken away.
      limitsTokens: async () => (await parts.discovery.known())?.limitsTokens ?? true,
    }
    const opened = openLinks({ connection: id, client, store: store.docnames, configured, ...granted, clock, log })
    this.links = opened.links
    this.docnames = opened.docnames
  }

  /**
   * An access token that is good for a while, renewed when it is not.
   *
   * @throws {SignInRequired} when access has ended
   * @throws {UpstreamUnavailable} when it has to be renewed and the site cannot be reached
   */
  async token(options?: TokenOptions): Promise<string> {
    try {
      return await this.#parts.tokens.token(this.id, options)
    } catch (error) {
      // Others may wait for the same renewal, from elsewhere.
      if (error instanceof SignInRequired) throw new SignInRequired(error.message, this.#parts.signInUrl(this.#from), error.reason)
      throw error
    }
  }

  /** Anything of the site, as this person: see `UpstreamClient.fetch`. */
  fetch(path: string, init?: RequestInit): Promise<Response> {
    return this.client.fetch(path, init)
  }

  /** What the person has granted, which may be less than the app asked for; empty once access has ended. */
  async scopes(): Promise<readonly string[]> {
    return (await this.#parts.store.connections.read(this.id))?.scopes ?? []
  }

  /** How it stands with the access, and since when (milliseconds since 1970); undefined when it was given back. */
  async state(): Promise<{ readonly state: ConnectionState; readonly reason: string | null; readonly since: number } | undefined> {
    const connection = await this.#parts.store.connections.read(this.id)
    return connection && { state: connection.state, reason: connection.reason, since: connection.stateAt }
  }

  /**
   * Asks the site whether access still stands: one small call, which a person's next click may cost.
   *
   * @throws {SignInRequired} when it has ended
   * @throws {UpstreamUnavailable} when nobody can tell now
   */
  async check(): Promise<void> {
    await this.client.user()
  }

  /**
   * Gives the access back: the site revokes the tokens, and here tokens, sessions and names seen are forgotten, even
   * when the site cannot be told.
   *
   * @returns whether the site has revoked them (RFC 7009); if not, the person may do it on the site's own page. It is said of the
   *   tokens that are kept here: at a Frappe 15, which ends nothing by itself, those stay good whose answer never arrived, and
   *   those that were replaced while it could not be told
   */
  async disconnect(): Promise<{ readonly revoked: boolean }> {
    const { store, vault, requests } = this.#parts
    const held = await vault.read(this.id)
    await vault.remove(this.id)
    await store.sessions.removeAll(this.id)
    await store.docnames.removeAll(this.id)
    return { revoked: held === undefined || (await revoke(requests, held)) }
  }
}

/** Whether the site has revoked a pair of tokens, or does not know it any more. */
export async function revoke(
  requests: TokenRequests,
  { refresh, access }: { readonly refresh: string | null; readonly access: string },
): Promise<boolean> {
  try {
    const { status } = await (refresh === null ? requests.revoke(access, 'access_token') : requests.revoke(refresh))
    return status === 200 || status === 404
  } catch {
    return false
  }
}
