import type { InboxEntry, TenantStore } from '../../stores/connector-store.ts'
import { AppRefused, SignInRequired, UpstreamUnavailable } from '../errors.ts'
import type { AccessTokens } from '../tokens/access-tokens.ts'
import type { HeldTokens, Vault } from '../tokens/token-vault.ts'
import { readNotice, type Notice } from './notices.ts'

/** Reasons of a site that takes away the app itself: its renewals are refused as the app's, not as the person's. */
const APP_ENDED = new Set(['client_retired', 'client_removed'])

export interface ConfirmingParts {
  readonly store: Pick<TenantStore, 'connections'>
  readonly issuer: string
  readonly vault: Pick<Vault, 'read' | 'turn'>
  readonly tokens: Pick<AccessTokens, 'token' | 'refresh'>
  /** Asks the site whether an access token stands. */
  readonly stands: (held: HeldTokens) => Promise<boolean>
  /** Drops what was kept for a person whose access has ended, and tells the app of it, if that is still to be done. */
  readonly tell: (connection: string) => Promise<unknown>
}

/**
 * Asks the site whether a notice is so, before anything is wiped: it may be of an older grant, which the app itself
 * replaced by a second sign-in, or come late, after the person has allowed the app again.
 */
export class Confirming {
  readonly #parts: ConfirmingParts

  constructor(parts: ConfirmingParts) {
    this.#parts = parts
  }

  /** @throws when nobody can tell now: the notice is worked on again */
  async work(entry: InboxEntry): Promise<void> {
    const { store, issuer } = this.#parts
    const notice = readNotice(entry)
    const connection = await store.connections.find(issuer, notice.sub)
    if (connection === undefined) return
    if (notice.about === 'narrowed') await this.#renew(connection.id, entry.receivedAt)
    else await this.#end(connection.id, notice)
  }

  /** What the person has left is what the site gives next; the renewal tells the app. */
  async #renew(id: string, noticedAt: number): Promise<void> {
    try {
      if (await this.#parts.tokens.refresh(id, noticedAt)) return
    } catch (error) {
      if (error instanceof SignInRequired) return
      throw error
    }
    throw new UpstreamUnavailable('busy', 'The site cannot renew the access now, so what is left of it is not known')
  }

  async #end(id: string, { reason }: Notice): Promise<void> {
    const { vault, stands, tell } = this.#parts
    const held = await vault.read(id)
    if (held !== undefined && ((await stands(held)) || (await this.#isRenewed(held, reason)))) return
    // Also of an end that shows only now: the process that met it may have died before it came to this.
    await tell(id)
  }

  /** Whether the site gives another access token; if not, the tokens are wiped and the app is told. */
  async #isRenewed(held: HeldTokens, notice: string): Promise<boolean> {
    const { tokens, vault } = this.#parts
    const { id } = held.connection
    try {
      await tokens.token(id, { rejected: held.access, notice })
      return true
    } catch (error) {
      if (error instanceof SignInRequired) return false
      if (!(error instanceof AppRefused) || !APP_ENDED.has(notice)) throw error
      if ((await vault.turn(held.connection, 'revoked', notice)) === undefined) throw error
      return false
    }
  }
}
