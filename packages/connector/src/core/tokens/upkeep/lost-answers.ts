/** A site answers a repeated renewal for ten seconds; shown to it later, the refresh token is a stolen one and ends the access. */
const LEEWAY_MS = 9_500
/** Then 2 s, then 4 s: as many tries as lie inside the leeway. */
const FIRST_WAIT_MS = 1_000
/** How many connections are tried again at once; of more, the last ones. */
const MOST = 1_000
/** A timer may be a little early by the clock. */
const EARLY_MS = 20

interface Lost {
  /** Before the first request that may have been answered; as all times here, by the app's clock. */
  readonly since: number
  readonly tries: number
  readonly dueAt: number
  readonly timer: Timer
}

/** Runtimes differ in what they give. */
type Timer = ReturnType<typeof setTimeout>

/** What of a renewal is wanted. */
interface Asked {
  readonly renewedAfter: number
  /** The site is not asked after this moment. */
  readonly before: number
}

/**
 * Renewals whose answer may have been lost after the site had rotated. They are tried again with the same refresh token, by
 * timers of this process and by its worker, whether or not somebody wants a token.
 */
export class LostAnswers {
  readonly #clock: () => number
  readonly #renew: (id: string, asked: Asked) => Promise<boolean>
  readonly #lost = new Map<string, Lost>()

  /**
   * @param clock milliseconds since 1970
   * @param renew renews what has not been renewed since, and gives whether it is; a failure of it is added here anew
   */
  constructor(clock: () => number, renew: (id: string, asked: Asked) => Promise<boolean>) {
    this.#clock = clock
    this.#renew = renew
  }

  /**
   * A renewal has failed that was begun at `askedAt`.
   *
   * @returns after how many milliseconds it is tried again; undefined when that would be outside the leeway
   */
  add(id: string, askedAt: number): number | undefined {
    const known = this.#lost.get(id)
    const { since, tries } = known === undefined || known.since + LEEWAY_MS < askedAt ? { since: askedAt, tries: 0 } : known
    const wait = FIRST_WAIT_MS * 2 ** tries
    const dueAt = this.#clock() + wait
    this.drop(id)
    if (dueAt > since + LEEWAY_MS) return undefined
    const [oldest] = this.#lost.keys()
    if (this.#lost.size >= MOST && oldest !== undefined) this.drop(oldest)
    const timer = setTimeout(() => void this.#retry(id), wait + EARLY_MS)
    // Node would not end for it; other runtimes have numbers here.
    ;(timer as { readonly unref?: () => void }).unref?.()
    this.#lost.set(id, { since, tries: tries + 1, dueAt, timer })
    return wait
  }

  /** It has come to an end, well or not. */
  drop(id: string): void {
    clearTimeout(this.#lost.get(id)?.timer)
    this.#lost.delete(id)
  }

  /** Tries what is due. Gives how many were renewed. */
  async retryDue(): Promise<number> {
    const renewed = await Promise.all([...this.#lost.keys()].map((id) => this.#retry(id)))
    return renewed.filter(Boolean).length
  }

  async #retry(id: string): Promise<boolean> {
    const lost = this.#lost.get(id)
    if (lost === undefined || lost.dueAt > this.#clock()) return false
    const before = lost.since + LEEWAY_MS
    const isRenewed = before >= this.#clock() && (await this.#renew(id, { renewedAfter: lost.since, before }).catch(() => false))
    // Also when another process was quicker. What failed again was added anew; what did not has come too late.
    if (this.#lost.get(id) === lost && (isRenewed || before < this.#clock())) this.drop(id)
    return isRenewed
  }
}
