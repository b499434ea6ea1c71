import { OAuthError } from '@annex/protocol'
import { SignInRequired, UpstreamUnavailable } from '../errors.ts'
import type { LeaseStore } from '../stores/connector-store.ts'
import { randomToken } from './base64.ts'
import type { TokenRequests } from './token-requests.ts'
import { parseTokens, type Tokens } from './token-responses.ts'
import type { HeldTokens, Vault } from './token-vault.ts'

/** A token this close to its end (or a tenth of its life, if that is less) is renewed first. */
const MARGIN_MS = 60_000
/** Longer than a renewal with its one repetition can take. */
const LEASE_MS = 12_000
const WAIT_MS = 50
const WAITS = 300
/** After a failure: 2 s, 4 s, 8 s, … The first ones lie inside the site's leeway, where a lost answer can still be had. */
const COOLDOWN_MS = 2_000
const MAX_COOLDOWN_MS = 30_000

export interface TokenOptions {
  /** A token that the site has just refused: it is not handed out again. */
  readonly rejected?: string | undefined
}

export interface AccessTokensParts {
  readonly vault: Vault
  readonly leases: LeaseStore
  readonly requests: TokenRequests
  readonly clock: () => number
  readonly signInUrl: () => string
  readonly log: (event: string, detail: Readonly<Record<string, unknown>>) => void
}

/**
 * Hands out access tokens, renewed in time.
 *
 * Of any number of callers, in any number of processes on one store, one asks the site: callers of a process share a
 * flight, processes take turns by a lease and read again before they ask. Should a lease run out under its holder, the
 * second asks with the same refresh token, which the site answers with the same pair, and compare-and-swap keeps one.
 */
export class AccessTokens {
  readonly #parts: AccessTokensParts
  readonly #flights = new Map<string, Promise<HeldTokens>>()
  readonly #failures = new Map<string, { count: number; until: number }>()

  constructor(parts: AccessTokensParts) {
    this.#parts = parts
  }

  /**
   * @throws {SignInRequired} when access has ended; the stored tokens are gone then
   * @throws {UpstreamUnavailable} when the token is over and the site cannot renew it now
   * @throws {OAuthError} when the site refuses the app itself (`invalid_client`)
   */
  async token(id: string, { rejected }: TokenOptions = {}): Promise<string> {
    const held = await this.#held(id)
    if (this.#isFresh(held, rejected) || (this.#isCooling(id) && this.#isUsable(held, rejected))) return held.access
    const { access } = await this.#fly(id, rejected)
    // A flight that was under way may have fallen back on the very token that this caller saw refused.
    if (access === rejected)
      throw new UpstreamUnavailable('The site refuses the access that it gave and cannot renew it now: try again later')
    return access
  }

  #fly(id: string, rejected: string | undefined): Promise<HeldTokens> {
    const flying = this.#flights.get(id)
    if (flying !== undefined) return flying
    const flight = this.#renew(id, rejected).finally(() => this.#flights.delete(id))
    this.#flights.set(id, flight)
    return flight
  }

  async #renew(id: string, rejected: string | undefined): Promise<HeldTokens> {
    const { leases, clock } = this.#parts
    const holder = randomToken()
    for (let waits = 0; !(await leases.acquire(`renew:${id}`, holder, clock(), LEASE_MS)); waits++) {
      const held = await this.#held(id)
      if (this.#isFresh(held, rejected)) return held
      if (waits === WAITS)
        throw new UpstreamUnavailable('Another process is renewing the access to the site and does not come to an end: try again later')
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS * (0.5 + Math.random())))
    }
    try {
      const held = await this.#held(id)
      return this.#isFresh(held, rejected) ? held : await this.#refresh(held, rejected)
    } finally {
      await leases.release(`renew:${id}`, holder)
    }
  }

  async #refresh(held: HeldTokens, rejected: string | undefined): Promise<HeldTokens> {
    const { id } = held.connection
    try {
      const renewed = await this.#keep(held, await this.#request(held))
      this.#failures.delete(id)
      this.#parts.log('token-renewed', { connection: id })
      return renewed
    } catch (error) {
      if (error instanceof OAuthError && error.code === 'invalid_grant') return this.#ended(held, rejected)
      if (error instanceof UpstreamUnavailable) return this.#failed(held, rejected, error)
      throw error
    }
  }

  /** Twice at most, with the same refresh token: the first answer may have been lost after the site had rotated. */
  async #request(held: HeldTokens): Promise<Tokens> {
    const { refresh, connection } = held
    if (refresh === null) throw new OAuthError('invalid_grant', 'The site gave no refresh token')
    const ask = async (): Promise<Tokens> => {
      const at = this.#parts.clock()
      return parseTokens(await this.#parts.requests.refresh(refresh), { at, scopes: connection.scopes, refresh })
    }
    try {
      return await ask()
    } catch (error) {
      if (error instanceof UpstreamUnavailable && error.retryAfterMs === undefined) return ask()
      throw error
    }
  }

  /** The row may have moved on (a sign-in, another process): newer tokens than ours win, any other change is written over. */
  async #keep(held: HeldTokens, tokens: Tokens): Promise<HeldTokens> {
    const written = await this.#parts.vault.write(held.connection, tokens)
    if (written !== undefined) return written
    const now = await this.#held(held.connection.id)
    return now.refresh === held.refresh ? this.#keep(now, tokens) : now
  }

  /** `invalid_grant` is final only for the refresh token that is stored now. */
  async #ended(held: HeldTokens, rejected: string | undefined): Promise<HeldTokens> {
    const now = await this.#held(held.connection.id)
    if (now.refresh !== held.refresh) return this.#isFresh(now, rejected) ? now : this.#refresh(now, rejected)
    if (!(await this.#parts.vault.wipe(now.connection))) return this.#ended(held, rejected)
    this.#parts.log('access-ended', { connection: now.connection.id })
    throw this.#signInRequired()
  }

  #failed(held: HeldTokens, rejected: string | undefined, error: UpstreamUnavailable): HeldTokens {
    const { id } = held.connection
    const count = (this.#failures.get(id)?.count ?? 0) + 1
    const wait = error.retryAfterMs ?? Math.min(MAX_COOLDOWN_MS, COOLDOWN_MS * 2 ** (count - 1))
    this.#failures.set(id, { count, until: this.#parts.clock() + wait })
    this.#parts.log('renewal-failed', { connection: id, reason: error.message })
    if (this.#isUsable(held, rejected)) return held
    throw error
  }

  async #held(id: string): Promise<HeldTokens> {
    const held = await this.#parts.vault.read(id)
    if (held === undefined) throw this.#signInRequired()
    return held
  }

  #isFresh({ connection, access }: HeldTokens, rejected: string | undefined): boolean {
    const margin = Math.min(MARGIN_MS, (connection.expiresAt - connection.issuedAt) / 10)
    return access !== rejected && connection.expiresAt - margin > this.#parts.clock()
  }

  #isUsable({ connection, access }: HeldTokens, rejected: string | undefined): boolean {
    return access !== rejected && connection.expiresAt > this.#parts.clock()
  }

  #isCooling(id: string): boolean {
    return (this.#failures.get(id)?.until ?? 0) > this.#parts.clock()
  }

  #signInRequired(): SignInRequired {
    return new SignInRequired('Your access through the primary site has ended: sign in with it again', this.#parts.signInUrl())
  }
}
