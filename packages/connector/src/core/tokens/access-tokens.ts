import { UpstreamUnavailable } from '../errors.ts'
import type { TokenOptions } from '../upstream/credentials.ts'
import { leave } from '../upstream/leave.ts'
import type { Renewal, RenewalParts, Wanted } from './renewal.ts'
import type { HeldTokens } from './token-vault.ts'
import type { Verification } from './verification.ts'

export interface AccessTokensParts extends RenewalParts {
  /** Makes what asks the site whether a token stands before it is handed out; absent where its time alone decides. */
  readonly verification?: (() => Promise<Verification>) | undefined
}

/** Hands out access tokens, renewed in time and, where the app wants it, verified with the site. */
export class AccessTokens {
  readonly #parts: AccessTokensParts
  /** Loaded when a token is first wanted: a sign-in needs nothing of it. */
  #renewal: Promise<Renewal> | undefined
  #verification: Promise<Verification> | undefined

  constructor(parts: AccessTokensParts) {
    this.#parts = parts
  }

  /**
   * @param options.notice a notice that access was taken away, which an end that shows now confirms
   * @throws {SignInRequired} when access has ended; the stored tokens are gone then
   * @throws {UpstreamUnavailable} when the token is over and the site cannot renew it now, or cannot say whether it stands
   * @throws {AppRefused} when the site refuses the app itself
   */
  async token(id: string, { signal, ...wanted }: TokenOptions & Pick<Wanted, 'notice'> = {}): Promise<string> {
    signal?.throwIfAborted()
    const renewal = await this.#loadRenewal()
    const held = await renewal.held(id)
    if (!renewal.isFresh(held, wanted) && !renewal.isSpared(held, wanted)) return this.#renewed(id, wanted, signal)
    if (this.#parts.verification === undefined || (await this.#stands(held))) return held.access
    return this.#renewed(id, { ...wanted, rejected: held.access }, signal)
  }

  /** Renews what has not been renewed since, whatever is left of its life. Gives whether the site did. */
  async refresh(id: string, renewedAfter: number): Promise<boolean> {
    return (await this.#loadRenewal()).refresh(id, renewedAfter)
  }

  /** Asks again for renewals whose answer may have been lost. Gives how many were had. */
  async retryLost(): Promise<number> {
    return (await this.#renewal)?.retryLost() ?? 0
  }

  async #renewed(id: string, wanted: Wanted, signal: AbortSignal | undefined): Promise<string> {
    const renewal = await this.#loadRenewal()
    const { access } = await leave(renewal.renew(id, wanted), signal)
    // A flight that was under way may have fallen back on the very token that this caller saw refused.
    if (access === wanted.rejected)
      throw new UpstreamUnavailable('busy', 'The site refuses the access that it gave and cannot renew it now: try again later')
    return access
  }

  #loadRenewal(): Promise<Renewal> {
    return (this.#renewal ??= import('./renewal.ts').then(({ Renewal }) => new Renewal(this.#parts)))
  }

  async #stands(held: HeldTokens): Promise<boolean> {
    this.#verification ??= this.#parts.verification!()
    return (await this.#verification).stands(held)
  }
}
