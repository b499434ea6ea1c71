import type { ConnectionState, TenantStore } from '../../stores/connector-store.ts'
import type { Docnames } from '../docnames/docnames.ts'
import type { Links } from '../links/link-search.ts'
import { openLinks, type ConfiguredLinks } from '../links/open-links.ts'
import type { AccessTokens } from '../tokens/access-tokens.ts'
import type { TokenRequests } from '../tokens/token-requests.ts'
import type { Vault } from '../tokens/token-vault.ts'
import type { TokenOptions } from '../upstream/credentials.ts'
import { UpstreamClient, type UpstreamClientOptions } from '../upstream/upstream-client.ts'

export interface ConnectionParts {
  readonly store: TenantStore
  readonly vault: Vault
  readonly tokens: AccessTokens
  readonly requests: TokenRequests
  readonly links: ConfiguredLinks
  /** How calls go to the site. */
  readonly upstream: Omit<UpstreamClientOptions, 'credentials'>
  readonly signInUrl: () => string
  readonly clock: () => number
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

  constructor(id: string, parts: ConnectionParts) {
    const { store, tokens, signInUrl, upstream, clock, links: configured } = parts
    this.id = id
    this.#parts = parts
    this.client = new UpstreamClient({ ...upstream, credentials: { token: (options) => tokens.token(id, options), signInUrl } })
    const opened = openLinks({ connection: id, client: this.client, store: store.docnames, configured, scopes: () => this.scopes(), clock })
    this.links = opened.links
    this.docnames = opened.docnames
  }

  /**
   * An access token that is good for a while, renewed when it is not.
   *
   * @throws {SignInRequired} when access has ended
   * @throws {UpstreamUnavailable} when it has to be renewed and the site cannot be reached
   */
  token(options?: TokenOptions): Promise<string> {
    return this.#parts.tokens.token(this.id, options)
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
   * @returns whether the site has revoked them (RFC 7009); if not, the person may do it on the site's own page
   */
  async disconnect(): Promise<{ readonly revoked: boolean }> {
    const { store, vault, requests } = this.#parts
    const held = await vault.read(this.id)
    await vault.remove(this.id)
    await store.sessions.removeAll(this.id)
    await store.docnames.removeAll(this.id)
    return { revoked: held === undefined || (await revoke(requests, held.refresh ?? held.access)) }
  }
}

/** Whether the site has revoked a token, or does not know it any more. */
export async function revoke(requests: TokenRequests, token: string): Promise<boolean> {
  try {
    const { status } = await requests.revoke(token)
    return status === 200 || status === 404
  } catch {
    return false
  }
}
