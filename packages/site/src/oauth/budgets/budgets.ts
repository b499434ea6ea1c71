import { FrappeError, whenThere } from '@annex/protocol'
import type { OAuthSettings, SiteSettings } from '../settings.ts'
import { tokenKey } from '../token-text.ts'
import type { Counted } from '../usage/usage.ts'
import { Bucket, type Allowance } from './bucket.ts'

export interface BudgetsParts {
  readonly settings: Pick<OAuthSettings, 'read'>
  /** UTC microseconds. */
  readonly now: () => number
  /** Told of each refusal of a token's call. */
  readonly onRefused: (token: Counted) => void
}

/** Whose budgets a call uses. */
export interface Spender {
  readonly user: string
  /** Absent for an API key. */
  readonly token?: Counted
  /** The client's own limits; what is 0 there is the site's. */
  readonly own?: Allowance
}

/** A budget and how much it allows. */
interface Part {
  readonly bucket: Bucket
  readonly allowance: Allowance
  readonly whose: string
}

interface Refused {
  readonly token: Counted
  readonly parts: readonly Part[]
}

const UNLIMITED: Allowance = { requestsPerSecond: 0, concurrentRequests: 0 }
const MOST_BUCKETS = 10_000
const MOST_REFUSED = 1000
const isLimited = ({ requestsPerSecond, concurrentRequests }: Allowance): boolean => requestsPerSecond > 0 || concurrentRequests > 0
const BEARER = /^bearer ([^\s,]+)$/i
const NOTHING = (): void => undefined

/**
 * How much programs may ask of the site: requests a second and at a time, of each client and of each user over all their
 * programs. People with a session are not limited: whoever is beset by an app must be able to end it. Counted in each
 * process by itself; a refusal uses nothing up.
 */
export class Budgets {
  readonly #parts: BudgetsParts
  readonly #clients = new Map<string, Bucket>()
  readonly #users = new Map<string, Bucket>()
  /** Tokens that were just refused, by their hash: while that lasts they are refused before anything is read for them. */
  readonly #refused = new Map<string, Refused>()

  constructor(parts: BudgetsParts) {
    this.#parts = parts
  }

  /**
   * Uses up one request, of the client's budget and of the user's. What comes back is to be called when it is answered.
   *
   * @throws {FrappeError} `TooManyRequestsError` (429) with `Retry-After` in seconds, which says whose budget it is
   */
  spend(spender: Spender): Promise<() => void> | (() => void) {
    return whenThere(this.#parts.settings.read(), (site) => this.#spendUnder(site, spender))
  }

  #spendUnder(site: SiteSettings, { user, token, own = UNLIMITED }: Spender): () => void {
    if (!isLimited(own) && !isLimited(site)) return NOTHING
    const parts: Part[] = []
    if (token) this.#add(parts, this.#clients, token.client, merged(own, site), 'this app')
    this.#add(parts, this.#users, user, site, 'this user')
    const now = this.#parts.now()
    const fault = refusalOf(parts, now)
    if (fault) {
      if (token) this.#remember({ token, parts })
      throw fault
    }
    for (const { bucket } of parts) bucket.take()
    return () => {
      for (const { bucket } of parts) bucket.release()
    }
  }

  /**
   * Uses up one request of a client's that proved itself at an endpoint of the provider.
   *
   * @throws as `spend`
   */
  spendOfClient(client: string, own: Allowance): Promise<void> | undefined {
    const site = this.#parts.settings.read()
    return site instanceof Promise ? site.then((read) => this.#spendOfClient(client, own, read)) : this.#spendOfClient(client, own, site)
  }

  #spendOfClient(client: string, own: Allowance, site: SiteSettings): undefined {
    if (!isLimited(own) && !isLimited(site)) return
    const parts: Part[] = []
    this.#add(parts, this.#clients, client, merged(own, site), 'this app')
    const fault = refusalOf(parts, this.#parts.now())
    if (fault) throw fault
    for (const { bucket } of parts) {
      bucket.take()
      bucket.release()
    }
  }

  /**
   * Refuses a request whose token was refused a moment ago, before its body is read and without the database.
   *
   * @throws as `spend`
   */
  check(authorization: string | undefined): void {
    if (this.#refused.size === 0 || authorization === undefined) return
    const text = BEARER.exec(authorization)?.[1]
    const hash = text === undefined ? undefined : tokenKey(text)
    const known = hash === undefined ? undefined : this.#refused.get(hash)
    if (!hash || !known) return
    const fault = refusalOf(known.parts, this.#parts.now())
    if (!fault) return void this.#refused.delete(hash)
    this.#parts.onRefused(known.token)
    throw fault
  }

  #add(parts: Part[], buckets: Map<string, Bucket>, key: string, allowance: Allowance, whose: string): void {
    if (!isLimited(allowance)) return
    let bucket = buckets.get(key)
    if (!bucket) {
      if (buckets.size >= MOST_BUCKETS) this.#tidy(buckets)
      buckets.set(key, (bucket = new Bucket()))
    }
    parts.push({ bucket, allowance, whose })
  }

  #tidy(buckets: Map<string, Bucket>): void {
    const now = this.#parts.now()
    for (const [key, bucket] of buckets) if (bucket.isIdle(now)) buckets.delete(key)
  }

  #remember(refused: Refused): void {
    this.#parts.onRefused(refused.token)
    if (this.#refused.size >= MOST_REFUSED) this.#refused.clear()
    this.#refused.set(refused.token.hash, refused)
  }
}

/** A client's own number where it has one, else the site's. */
const merged = (own: Allowance, site: Allowance): Allowance => ({
  requestsPerSecond: own.requestsPerSecond || site.requestsPerSecond,
  concurrentRequests: own.concurrentRequests || site.concurrentRequests,
})

function refusalOf(parts: readonly Part[], now: number): FrappeError | undefined {
  for (const { bucket, allowance, whose } of parts) {
    const wait = bucket.wait(allowance, now)
    if (wait === 0) continue
    const seconds = Math.max(1, Math.ceil(wait))
    return new FrappeError(
      'TooManyRequestsError',
      `The budget of ${whose} is used up: ${wordsOf(allowance)}; wait ${seconds} s and try again`,
      {
        headers: { 'retry-after': String(seconds) },
      },
    )
  }
  return undefined
}

const wordsOf = ({ requestsPerSecond: rate, concurrentRequests: most }: Allowance): string =>
  [...(rate > 0 ? [`${rate} requests a second`] : []), ...(most > 0 ? [`${most} at a time`] : [])].join(', ')
