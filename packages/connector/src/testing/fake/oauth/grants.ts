import { randomToken } from '../../../core/sealing/base64.ts'
import type { Traits } from '../kinds.ts'

export interface FakeGrant {
  readonly id: string
  readonly user: string
  readonly client: string
  /** Names the browser session at the site. */
  readonly sid: string
  scopes: readonly string[]
  revoked: boolean
}

/** An access token and the refresh token issued with it: one row at a Frappe. */
export interface FakePair {
  readonly grant: FakeGrant
  readonly access: string
  readonly refresh: string
  readonly scopes: readonly string[]
  /** Seconds. */
  readonly expiresIn: number
  accessEnds: number
  revoked: boolean
  successor?: { readonly pair: FakePair; readonly at: number }
}

/** The grants of a fake site and their tokens. */
export class FakeGrants {
  /** Pairs that were issued by renewal. */
  renewals = 0
  readonly #traits: Traits
  readonly #clock: () => number
  readonly #grants: FakeGrant[] = []
  readonly #pairs: FakePair[] = []

  constructor(traits: Traits, clock: () => number) {
    this.#traits = traits
    this.#clock = clock
  }

  open(user: string, client: string, scopes: readonly string[]): FakeGrant {
    const grant = { id: randomToken(), user, client, sid: randomToken(), scopes, revoked: false }
    this.#grants.push(grant)
    return grant
  }

  issue(grant: FakeGrant, expiresIn: number): FakePair {
    const pair: FakePair = {
      grant,
      access: randomToken(),
      refresh: randomToken(),
      scopes: grant.scopes,
      expiresIn,
      accessEnds: this.#clock() + expiresIn * 1000,
      revoked: false,
    }
    this.#pairs.push(pair)
    return pair
  }

  /** The next pair; undefined when the refresh token is not good any more. A reused one ends the grant where sites do that. */
  renew(pair: FakePair, expiresIn: number): FakePair | undefined {
    if (pair.grant.revoked || pair.revoked) return undefined
    if (!this.#traits.rotation) return this.#renewed(pair, expiresIn)
    const { successor } = pair
    if (successor === undefined) {
      const next = this.#renewed(pair, expiresIn)
      pair.successor = { pair: next, at: this.#clock() }
      // Without a leeway the old row is dead at once, and its access token with it.
      pair.revoked = this.#traits.leewayMs === 0
      return next
    }
    if (this.#clock() - successor.at <= this.#traits.leewayMs) return successor.pair
    pair.grant.revoked = true
    return undefined
  }

  #renewed(pair: FakePair, expiresIn: number): FakePair {
    this.renewals += 1
    return this.issue(pair.grant, expiresIn)
  }

  byAccess(token: string): FakePair | undefined {
    return this.#pairs.find((pair) => pair.access === token)
  }

  byRefresh(token: string): FakePair | undefined {
    return this.#pairs.find((pair) => pair.refresh === token)
  }

  /** The pair whose access token opens the site now. */
  good(access: string): FakePair | undefined {
    const pair = this.byAccess(access)
    return pair !== undefined && !pair.revoked && !pair.grant.revoked && pair.accessEnds > this.#clock() ? pair : undefined
  }

  /** Grants that have not ended: of one user, or all. */
  standing(user?: string): FakeGrant[] {
    return this.#grants.filter((grant) => !grant.revoked && (user === undefined || grant.user === user))
  }

  /** Ended or not. */
  newest(user: string): FakeGrant | undefined {
    return this.#grants.findLast((grant) => grant.user === user)
  }

  /** Every access token is over; refresh tokens live on. */
  expireAccess(): void {
    for (const pair of this.#pairs) pair.accessEnds = 0
  }

  tokens(kind: 'access' | 'refresh'): string[] {
    return this.#pairs.map((pair) => pair[kind])
  }
}
