import type { Connection, Database } from '@annex/database'
import { OAuthError } from '@annex/protocol'
import type { GrantRow, TokenRow } from '../storage/oauth-tables.ts'
import type { Client } from '../clients/client.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { hashOf } from '../token-text.ts'
import { lockGrant } from './grants-store.ts'
import { LIFETIMES } from './lifetimes.ts'
import { makePair, repeatedPair, succeedingPair, type TokenPair } from './token-pair.ts'
import { consumeRefreshToken, insertTokens, readToken } from './tokens-store.ts'

/** What a caller of the token endpoint gets. */
export interface IssuedTokens extends TokenPair {
  /** Of the access token. */
  readonly scope: string
  /** Microseconds until the access token ends. */
  readonly life: number
}

export interface Rotation {
  readonly refreshToken: string
  readonly client: Client
  /** From the grant's scopes and the request's `scope` to what the new tokens hold. */
  readonly narrow: (grant: GrantRow) => Narrowed
}

export interface Narrowed {
  /** Asked of the grant: a repeat must ask for the same. */
  readonly asked: string
  /** What of it the client may still have. */
  readonly held: string
}

export type RotationOutcome =
  | { readonly kind: 'rotated'; readonly tokens: IssuedTokens }
  /** Unknown, expired, revoked, or another client's. */
  | { readonly kind: 'refused' }
  /** A copy is in other hands: the caller must revoke the grant, in a transaction of its own that is not rolled back. */
  | { readonly kind: 'reused'; readonly grant: string }

/** Access and refresh tokens, kept as hashes. */
export class Tokens {
  readonly #database: Database
  readonly #ring: KeyRing
  readonly #now: () => number

  constructor(database: Database, ring: KeyRing, now: () => number) {
    this.#database = database
    this.#ring = ring
    this.#now = now
  }

  /** The first tokens of a grant, in the transaction that used its code up. */
  async issue(connection: Connection, grant: GrantRow, scope: string): Promise<IssuedTokens> {
    const pair = makePair(this.#ring)
    return this.#insert(connection, grant, pair, { asked: scope, held: scope })
  }

  /**
   * Exchanges a refresh token for the next pair and retires the one shown, in one transaction.
   *
   * Of any number of concurrent callers one rotates; a repeat within the client's leeway that asks
   * for the same gets the same pair, as long as nobody used its refresh token.
   *
   * @see RFC 9700 section 4.14.2
   */
  rotate(rotation: Rotation): Promise<RotationOutcome> {
    return this.#database.transaction((connection) => this.#rotate(connection, rotation))
  }

  async #rotate(connection: Connection, rotation: Rotation): Promise<RotationOutcome> {
    const hash = hashOf(rotation.refreshToken)
    const shown = await readToken(connection, hash)
    if (shown?.kind !== 'refresh' || shown.client !== rotation.client.id) return { kind: 'refused' }
    const now = this.#now()
    const grant = await lockGrant(connection, shown.grant_id, now)
    if (!grant) return { kind: 'refused' }
    const pair = succeedingPair(this.#ring.rotation[0], rotation.refreshToken)
    if (await consumeRefreshToken(connection, hash, hashOf(pair.refresh), now)) {
      // A scope that is refused undoes the use with the transaction.
      return { kind: 'rotated', tokens: await this.#insert(connection, grant, pair, rotation.narrow(grant)) }
    }
    return this.#repeat(connection, rotation, grant)
  }

  /** The token was not there to be used: expired, or a repeat, or a reuse. */
  async #repeat(connection: Connection, rotation: Rotation, grant: GrantRow): Promise<RotationOutcome> {
    const used = await readToken(connection, hashOf(rotation.refreshToken))
    if (!used || used.used_at === null || used.successor === null) return { kind: 'refused' }
    const reused = { kind: 'reused', grant: used.grant_id } as const
    const pair = repeatedPair(this.#ring, rotation.refreshToken, used.successor)
    // The time is read after the lock was waited for; another process's clock may be a little ahead of it.
    const now = this.#now()
    const { rotationLeeway } = rotation.client
    if (!pair || rotationLeeway === 0 || now - used.used_at > rotationLeeway) return reused
    const successor = await readToken(connection, used.successor)
    const access = await readToken(connection, hashOf(pair.access))
    if (!successor || !access || successor.used_at !== null || successor.scope !== askedOf(rotation, grant)) return reused
    if (successor.expires <= now || access.expires <= now) return { kind: 'refused' }
    return { kind: 'rotated', tokens: { ...pair, scope: access.scope, life: access.expires - now } }
  }

  async #insert(connection: Connection, grant: GrantRow, pair: TokenPair, narrowed: Narrowed): Promise<IssuedTokens> {
    const issued = this.#now()
    const shared = { grant_id: grant.id, client: grant.client, issued, used_at: null, successor: null }
    const access: TokenRow = {
      ...shared,
      kind: 'access',
      hash: hashOf(pair.access),
      scope: narrowed.held,
      expires: Math.min(issued + LIFETIMES.access, grant.expires),
    }
    const refresh: TokenRow = {
      ...shared,
      kind: 'refresh',
      hash: hashOf(pair.refresh),
      scope: narrowed.asked,
      expires: Math.min(issued + LIFETIMES.idle, grant.expires),
    }
    await insertTokens(connection, [access, refresh])
    return { ...pair, scope: access.scope, life: access.expires - issued }
  }
}

/** What a repeat asks for; undefined for what may not be asked: no second thought of an honest caller's, who repeats what was taken. */
function askedOf(rotation: Rotation, grant: GrantRow): string | undefined {
  try {
    return rotation.narrow(grant).asked
  } catch (error) {
    if (error instanceof OAuthError) return undefined
    throw error
  }
}
