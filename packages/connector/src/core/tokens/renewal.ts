import { OAuthError } from '@annex/protocol'
import type { LeaseStore } from '../../stores/connector-store.ts'
import type { ConnectorEvents, Listeners, Log } from '../connector/events.ts'
import { SignInRequired, UpstreamUnavailable, type SignInReason } from '../errors.ts'
import { inTurn } from '../leases/leases.ts'
import { LostAnswers } from './upkeep/lost-answers.ts'
import type { TellingParts } from './upkeep/telling.ts'
import type { TokenRequests } from './token-requests.ts'
import { isSameScopes, parseTokens, type Tokens } from './token-responses.ts'
import type { HeldTokens, Vault } from './token-vault.ts'

/** A token this close to its end (or a tenth of its life, if that is less) is renewed first. */
const MARGIN_MS = 60_000
/**
 * Longer than a renewal with its one repetition can take, and shorter than the ten seconds for which a site answers a repeat:
 * whoever follows a holder that died with the answer on its way still gets that answer.
 */
const TURN = {
  leaseMs: 9_000,
  waitMs: 50,
  waits: 300,
  busy: 'Another process is renewing the access to the site and does not come to an end: try again later',
}
/** Between two tries to write what the site gave: a moment's trouble of the store is no reason to lose it. */
const WRITE_WAIT_MS = 200
/** How many connections' tokens that the store did not take are kept in memory. */
const MAX_UNWRITTEN = 1000
/** After a failure: 2 s, 4 s, 8 s, … where no lost answer can be had any more, which is asked for sooner. */
const COOLDOWN_MS = 2_000
const MAX_COOLDOWN_MS = 30_000

export interface RenewalParts {
  readonly vault: Vault
  readonly leases: LeaseStore
  readonly requests: TokenRequests
  readonly listeners: Listeners
  /** Milliseconds since 1970. */
  readonly clock: () => number
  readonly signInUrl: () => string
  readonly log: Log
  /** As when the app is told of an end. */
  readonly forget?: TellingParts['forget']
}

/** What a caller wants of a token. */
export interface Wanted {
  /** It is not this one, which the site has refused. */
  readonly rejected?: string | undefined
  /** It is good for so long, in milliseconds: a minute at most, and half the token's life. */
  readonly minLifeMs?: number | undefined
  /** It came from the site after this moment. */
  readonly renewedAfter?: number | undefined
  /** The site is not asked after this moment. */
  readonly before?: number | undefined
  /** A notice says that access was taken away: an end that shows now is remembered as revoked, for this reason. */
  readonly notice?: string | undefined
}

/** How often in a turn it is begun anew because another writer was first. */
const MAX_BEATEN = 20

/** The time in which one holder of the lease may renew. */
interface Turn {
  /** The end of the lease, by this process's own watch. */
  readonly until: number
  beaten: number
}

interface Unwritten {
  readonly before: HeldTokens
  readonly tokens: Tokens
}

/**
 * Renews access tokens.
 *
 * Of any number of callers, in any number of processes on one store, one asks the site: callers of a process share a
 * flight, processes take turns by a lease and read again before they ask. Should a lease run out under its holder, the
 * second asks with the same refresh token, which the site answers with the same pair, and compare-and-swap keeps one.
 */
export class Renewal {
  readonly #parts: RenewalParts
  readonly #flights = new Map<string, { readonly landing: Promise<HeldTokens>; wanted: Wanted }>()
  /**
   * What the site gave and the store did not take, by connection, with what is stored still. That refresh token is
   * spent: shown to the site again after its leeway, it ends the access.
   */
  readonly #unwritten = new Map<string, Unwritten>()
  readonly #lost: LostAnswers

  constructor(parts: RenewalParts) {
    this.#parts = parts
    this.#lost = new LostAnswers(parts.clock, (id, asked) => this.#renewSince(id, asked))
  }

  /** @throws as `AccessTokens.token` */
  renew(id: string, wanted: Wanted): Promise<HeldTokens> {
    const flying = this.#flights.get(id)
    if (flying !== undefined) {
      // Whoever wants a token wants it also after the moment until which another would have tried.
      const before = flying.wanted.before === undefined ? undefined : wanted.before
      flying.wanted = { ...flying.wanted, before, notice: flying.wanted.notice ?? wanted.notice }
      return flying.landing
    }
    const flight = { landing: this.#fly(id).finally(() => this.#flights.delete(id)), wanted }
    this.#flights.set(id, flight)
    return flight.landing
  }

  /** Renews what has not been renewed since, whatever is left of its life. Gives whether the site did. */
  refresh(id: string, renewedAfter: number): Promise<boolean> {
    return this.#renewSince(id, { renewedAfter })
  }

  async #renewSince(id: string, asked: { readonly renewedAfter: number; readonly before?: number }): Promise<boolean> {
    return (await this.renew(id, asked)).connection.renewedAt >= asked.renewedAfter
  }

  /** Asks again for answers that may have been lost, as far as they are due. Gives how many were had. */
  retryLost(): Promise<number> {
    return this.#lost.retryDue()
  }

  /** @throws {SignInRequired} when there are no tokens, or they do not open */
  async held(id: string): Promise<HeldTokens> {
    const held = await this.#parts.vault.read(id)
    if (held === undefined) throw this.#signInRequired(await this.#parts.vault.whyShut(id))
    return held
  }

  /** Whether a token needs no renewal for what is wanted. */
  isFresh({ connection, access }: HeldTokens, { rejected, minLifeMs = 0, renewedAfter = 0 }: Wanted): boolean {
    const life = connection.expiresAt - connection.issuedAt
    const margin = Math.max(Math.min(MARGIN_MS, life / 10), Math.min(MARGIN_MS, life / 2, minLifeMs))
    return access !== rejected && connection.renewedAt >= renewedAfter && connection.expiresAt - margin > this.#parts.clock()
  }

  /** Whether a token serves on though it should be renewed: there is no way to, or the last try failed a moment ago. */
  isSpared(held: HeldTokens, { rejected }: Wanted): boolean {
    return this.#isUsable(held, rejected) && (held.refresh === null || held.connection.retryAt > this.#parts.clock())
  }

  async #fly(id: string): Promise<HeldTokens> {
    const renewed = async (until: number): Promise<HeldTokens> => {
      const held = await this.held(id)
      const wanted = this.#wanted(id)
      return this.isFresh(held, wanted) || this.isSpared(held, wanted) ? held : this.#refresh(held, { until, beaten: 0 })
    }
    return inTurn(this.#parts.leases, { ...TURN, name: `renew:${id}` }, renewed, async () => {
      const held = await this.held(id)
      return this.isFresh(held, this.#wanted(id)) ? held : undefined
    })
  }

  #wanted(id: string): Wanted {
    return this.#flights.get(id)?.wanted ?? {}
  }

  async #refresh(held: HeldTokens, turn: Turn): Promise<HeldTokens> {
    const { id } = held.connection
    // Whoever waited for a turn may come too late.
    if (this.#parts.clock() > (this.#wanted(id).before ?? Infinity)) throw new UpstreamUnavailable('busy', TURN.busy)
    const unwritten = this.#unwritten.get(id)
    if (unwritten !== undefined && unwritten.before.refresh === held.refresh && unwritten.before.access === held.access) {
      const kept = await this.#keepPatiently(held, unwritten.tokens, turn)
      return this.isFresh(kept, this.#wanted(id)) ? kept : this.#again(turn, () => this.#refresh(kept, turn))
    }
    this.#unwritten.delete(id)
    const askedAt = this.#parts.clock()
    try {
      const tokens = await this.#request(held)
      this.#lost.drop(id)
      return await this.#keepPatiently(held, tokens, turn)
    } catch (error) {
      if (error instanceof OAuthError && error.code === 'invalid_grant') return this.#ended(held, turn)
      if (error instanceof UpstreamUnavailable) return this.#failed(held, error, askedAt)
      throw error
    }
  }

  /** Once more, as the row is now. @throws {UpstreamUnavailable} when that has been too often */
  #again(turn: Turn, work: () => Promise<HeldTokens>): Promise<HeldTokens> {
    if (turn.beaten++ < MAX_BEATEN) return work()
    return Promise.reject(new UpstreamUnavailable('busy', TURN.busy))
  }

  /** Twice at most, with the same refresh token: the first answer may have been lost after the site had rotated. */
  async #request({ refresh, connection, idToken }: HeldTokens): Promise<Tokens> {
    if (refresh === null) throw new OAuthError('invalid_grant', 'The site gave no refresh token')
    const ask = async (): Promise<Tokens> => {
      const at = this.#parts.clock()
      const tokens = parseTokens(await this.#parts.requests.refresh(refresh), { at, scopes: connection.scopes, refresh })
      return { ...tokens, idToken: tokens.idToken ?? idToken ?? undefined }
    }
    try {
      return await ask()
    } catch (error) {
      if (error instanceof UpstreamUnavailable && error.retryAfterMs === undefined) return ask()
      // A setting that is wrong, or an app that somebody deleted at the site, must end nobody's access.
      if (error instanceof OAuthError && error.status === 404) await this.#parts.requests.checkClient()
      throw error
    }
  }

  /** Tries for as long as the lease lives; what the store does not take until then is written by the next renewal. */
  async #keepPatiently(held: HeldTokens, tokens: Tokens, turn: Turn): Promise<HeldTokens> {
    const { id } = held.connection
    try {
      const kept = await this.#keep(held, tokens, turn)
      this.#unwritten.delete(id)
      return kept
    } catch (error) {
      // The connection is gone, and its tokens with it.
      if (error instanceof SignInRequired) this.#unwritten.delete(id)
      else this.#remember(id, { before: held, tokens })
      if (error instanceof SignInRequired || performance.now() + WRITE_WAIT_MS >= turn.until) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, WRITE_WAIT_MS))
    return this.#keepPatiently(held, tokens, turn)
  }

  #remember(id: string, unwritten: Unwritten): void {
    const [oldest] = this.#unwritten.keys()
    if (this.#unwritten.size >= MAX_UNWRITTEN && !this.#unwritten.has(id) && oldest !== undefined) this.#unwritten.delete(oldest)
    this.#unwritten.set(id, unwritten)
  }

  /** The row may have moved on (a sign-in, another process): newer tokens than ours win, any other change is written over. */
  async #keep(held: HeldTokens, tokens: Tokens, turn: Turn): Promise<HeldTokens> {
    const written = await this.#parts.vault.write(held.connection, tokens)
    if (written !== undefined) {
      this.#tellRenewed(held, written)
      this.#endUnused(held.refresh, written)
      return written
    }
    const now = await this.held(held.connection.id)
    if (now.refresh === held.refresh && now.access === held.access) return this.#again(turn, () => this.#keep(now, tokens, turn))
    this.#endUnused(tokens.refresh, now)
    return now
  }

  /** In the background: whoever wants a token does not wait for it. */
  #endUnused(refresh: string | null, { refresh: used }: HeldTokens): void {
    if (refresh !== null && refresh !== used) void this.#parts.requests.endUnused(refresh)
  }

  #tellRenewed({ connection: before }: HeldTokens, { connection: after }: HeldTokens): void {
    const connection = after.id
    this.#note('token-renewed', { connection })
    void this.#emit('token-renewed', { connection })
    if (!isSameScopes(before.scopes, after.scopes))
      void this.#emit('scopes-changed', { connection, before: before.scopes, after: after.scopes })
    if (after.untold !== null) this.#tellSoon(connection)
  }

  /** `invalid_grant` is final only for the refresh token that is stored now. */
  async #ended(held: HeldTokens, turn: Turn): Promise<HeldTokens> {
    const { id } = held.connection
    const { notice, ...wanted } = this.#wanted(id)
    this.#lost.drop(id)
    const now = await this.held(id)
    if (now.refresh !== held.refresh) return this.isFresh(now, wanted) ? now : this.#again(turn, () => this.#refresh(now, turn))
    const ended =
      notice === undefined
        ? await this.#parts.vault.turn(now.connection, 'needs-sign-in', 'expired')
        : await this.#parts.vault.turn(now.connection, 'revoked', notice)
    if (ended === undefined) return this.#again(turn, () => this.#ended(held, turn))
    this.#note('access-ended', { connection: id })
    this.#tellSoon(id)
    throw this.#signInRequired(notice === undefined ? 'expired' : 'revoked')
  }

  async #failed(held: HeldTokens, error: UpstreamUnavailable, askedAt: number): Promise<HeldTokens> {
    const { id, failures } = held.connection
    const wait = error.retryAfterMs ?? this.#lost.add(id, askedAt) ?? Math.min(MAX_COOLDOWN_MS, COOLDOWN_MS * 2 ** failures)
    this.#note('renewal-failed', { connection: id, reason: error.message })
    // Another writer who is first knows better.
    const after = await this.#parts.vault.fail(held.connection, error.message, this.#parts.clock() + wait)
    if (after !== undefined && after.untold !== null) this.#tellSoon(id)
    if (this.#isUsable(held, this.#wanted(id).rejected)) return held
    throw error
  }

  #isUsable({ connection, access }: HeldTokens, rejected: string | undefined): boolean {
    return access !== rejected && connection.expiresAt > this.#parts.clock()
  }

  /** What is told in the background harms no renewal. Should this process end before, the next round of work tells. */
  #tellSoon(id: string): void {
    void import('./upkeep/telling.ts')
      .then(({ tell }) => tell(this.#parts, id))
      .catch((error: unknown) => this.#note('telling-failed', { connection: id, reason: String(error) }))
  }

  async #emit<E extends keyof ConnectorEvents>(event: E, detail: ConnectorEvents[E]): Promise<void> {
    await this.#parts.listeners.emit(event, detail).catch(() => undefined)
  }

  #note(event: string, detail: Readonly<Record<string, unknown>>): void {
    try {
      this.#parts.log(event, detail)
    } catch {
      // The app's own log is in nobody's way.
    }
  }

  #signInRequired(reason: SignInReason): SignInRequired {
    return new SignInRequired('Your access through the primary site has ended: sign in with it again', this.#parts.signInUrl(), reason)
  }
}
