import type { LeaseStore } from '../../stores/connector-store.ts'
import { InvalidSignIn } from '../errors.ts'
import { sha256 } from '../sealing/base64.ts'
import type { Sealer } from '../sealing/sealer.ts'
import type { HeadersOf, OwnCookies } from './cookies.ts'

const LIFETIME_S = 600
/** Sign-ins that one browser may have open in several tabs. */
const MAX_PENDING = 4
/** Characters of a cookie: four together stay far from the 16 kB of headers that servers take. Only an app's own scopes make it longer. */
const LONGEST = 2048
const PREFIX = 'signin_'
const NOT_BEGUN = 'The sign-in was not begun in this browser, or took longer than ten minutes: start again'

/** What a sign-in remembers while the browser is away at the site. */
export interface Pending {
  readonly tenant: string
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly returnTo: string
  readonly scopes: readonly string[]
  /** The site's id of the person who was signed in to the app then; null for nobody. */
  readonly opener: string | null
  /** Milliseconds since 1970. */
  readonly startedAt: number
}

export interface FlowCookiesParts {
  readonly tenant: string
  readonly cookies: OwnCookies
  readonly sealer: Sealer
  readonly leases: LeaseStore
  readonly clock: () => number
}

/** Sign-ins under way, each sealed in a cookie of the browser that began it: for ten minutes, for one tenant, good once. */
export class FlowCookies {
  readonly #parts: FlowCookiesParts

  constructor(parts: FlowCookiesParts) {
    this.#parts = parts
  }

  /** The cookie to set, and those of older sign-ins to drop. */
  async begin(request: HeadersOf, pending: Pending): Promise<readonly string[]> {
    const { cookies, sealer } = this.#parts
    // Browsers send the oldest first (RFC 6265 section 5.4).
    const older = [...cookies.read(request).keys()].filter((name) => name.startsWith(PREFIX)).slice(0, 1 - MAX_PENDING)
    const whole = await sealer.seal(JSON.stringify(pending), this.#place())
    const sealed = whole.length > LONGEST ? await sealer.seal(JSON.stringify({ ...pending, returnTo: '/' }), this.#place()) : whole
    return [...older.map((name) => cookies.write(name, '', 0)), cookies.write(nameOf(pending.state), sealed, LIFETIME_S)]
  }

  /** @throws {InvalidSignIn} for a state that is foreign, missing, altered, of another tenant, or older than ten minutes */
  async open(request: HeadersOf, state: string | null): Promise<Pending> {
    const { tenant, cookies, sealer, clock } = this.#parts
    const sealed = cookies.read(request).get(nameOf(state ?? ''))
    const text = sealed === undefined ? undefined : await sealer.open(sealed, this.#place())
    // What opens was sealed by `begin`.
    const pending = text === undefined ? undefined : (JSON.parse(text) as Pending)
    if (pending?.state === state && pending.tenant === tenant && pending.startedAt + LIFETIME_S * 1000 > clock()) return pending
    throw new InvalidSignIn(NOT_BEGUN)
  }

  /**
   * Good once: the browser forgets a spent cookie, a copy of it does not, so a lease that nobody gives back remembers the state.
   *
   * @throws {InvalidSignIn} when it was spent already
   */
  async spend({ state }: Pending): Promise<void> {
    const { leases } = this.#parts
    // Twice its life: the store's clock, which ends the lease, may go faster than the one that judges the cookie.
    if (await leases.acquire(`state:${await sha256(state)}`, 'spent', 2 * LIFETIME_S * 1000)) return
    throw new InvalidSignIn('The sign-in was used already: start again')
  }

  /** What to set when the sign-in of this state has come to its end, well or not. */
  spent(request: HeadersOf, state: string | null): readonly string[] {
    const name = nameOf(state ?? '')
    return this.#parts.cookies.read(request).has(name) ? [this.#parts.cookies.write(name, '', 0)] : []
  }

  #place(): string {
    return `${this.#parts.tenant}|sign-in`
  }
}

const nameOf = (state: string): string => `${PREFIX}${state.replaceAll(/[^A-Za-z0-9_-]/g, '').slice(0, 8)}`
