import type { ConnectorStore } from './stores/connector-store.ts'
import type { AccessTokens, TokenOptions } from './tokens/access-tokens.ts'
import type { TokenRequests } from './tokens/token-requests.ts'
import type { Vault } from './tokens/token-vault.ts'
import { Links } from './upstream/link-search.ts'
import type { Fetch } from './upstream/transport.ts'
import { UpstreamClient } from './upstream/upstream-client.ts'

export interface ConnectionParts {
  readonly issuer: string
  readonly store: ConnectorStore
  readonly vault: Vault
  readonly tokens: AccessTokens
  readonly requests: TokenRequests
  readonly signInUrl: () => string
  readonly fetch: Fetch
  readonly timeoutMs: number
  readonly clock: () => number
}

/** One person's access to the site. */
export class Connection {
  readonly id: string
  /** The site's documents and methods, as this person. */
  readonly client: UpstreamClient
  /** Link fields over the site's documents. */
  readonly links: Links
  readonly #parts: ConnectionParts

  constructor(id: string, parts: ConnectionParts) {
    const { issuer, store, tokens, signInUrl, fetch, timeoutMs, clock } = parts
    this.id = id
    this.#parts = parts
    this.client = new UpstreamClient({
      url: issuer,
      credentials: { token: (options) => tokens.token(id, options), signInUrl },
      fetch,
      timeoutMs,
      clock,
    })
    this.links = new Links({ connection: id, client: this.client, store: store.links, scopes: () => this.scopes(), clock })
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

  /** What the person has granted, which may be less than the app asked for; empty once access has ended. */
  async scopes(): Promise<readonly string[]> {
    return (await this.#parts.store.connections.read(this.id))?.scopes ?? []
  }

  /**
   * Asks the site whether access still stands: one small call, which a person's next click may cost.
   *
   * @throws {SignInRequired} when it has ended
   * @throws {UpstreamUnavailable} when nobody can tell now
   */
  async check(): Promise<void> {
    await this.client.call('frappe.auth.get_logged_user', {}, { httpMethod: 'GET' })
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
    await store.connections.remove(this.id)
    await store.sessions.removeAll(this.id)
    await store.links.removeAll(this.id)
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
