import type { Connection, Database } from '@annex/database'
import { OAuthError } from '@annex/protocol'
import { grantedDetails, type GrantedDetail } from '../authorize/details/granted-details.ts'
import type { GrantRow, TokenRow } from '../storage/oauth-tables.ts'
import type { Client } from '../clients/client.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { tokenKey } from '../token-text.ts'
import { lockGrant } from './grants-store.ts'
import { makeAccess, makePair, repeatedPair, succeedingPair, type TokenPair } from './token-pair.ts'
import { consumeRefreshToken, insertTokenOf, insertTokens, readToken } from './tokens-store.ts'

/** What a caller of the token endpoint gets. */
export interface IssuedTokens {
  readonly access: string
  /** Absent for an app that acts for itself: it can ask again. */
  readonly refresh?: string
  /** Of the access token. */
  readonly scope: string
  /** Microseconds until the access token ends. */
  readonly life: number
  /** What it may do where documents are limited, or were asked for in this way (RFC 9396). */
  readonly details?: readonly GrantedDetail[]
}

export interface Rotation {
  readonly refreshToken: string
  /** The grant that this client's refresh token belongs to. */
  readonly grant: string
  readonly client: Client
  /** From the grant and the request's `scope` and `resource` to what the new tokens hold. */
  readonly narrow: (grant: GrantRow) => Narrowed
}

export interface Narrowed {
  /** Asked of the grant: a repeat must ask for the same. */
  readonly asked: string
  /** What of it the client may still have. */
  readonly held: string
  /** Space-separated resources of RFC 8707; null = the site. */
  readonly resource: string | null
}

/** First tokens: of which grant, for which client, and what of the grant they hold. */
export interface Issue {
  readonly grant: Pick<GrantRow, 'id' | 'expires'> & DetailColumns
  readonly client: Client
  readonly narrowed: Narrowed
}

/** What the echo of `authorization_details` is made of; an app's own grant has neither. */
type DetailColumns = Partial<Pick<GrantRow, 'filters' | 'details'>>

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
  issue(connection: Connection, issue: Issue): Promise<IssuedTokens> {
    return this.#insert(connection, issue, makePair(this.#ring, this.#now()))
  }

  /** An access token alone, of an app's own grant; undefined when that has ended, or ends before a token does that is given now. */
  async issueAccess(issue: Issue): Promise<IssuedTokens | undefined> {
    const now = this.#now()
    const access = makeAccess(this.#ring, now)
    const row = accessRow(issue, access, now)
    const isAlive = await insertTokenOf(this.#database.connection, row, now + issue.client.lifetimes.access)
    return isAlive ? { access, scope: row.scope, life: row.expires - row.issued } : undefined
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
    const hash = tokenKey(rotation.refreshToken)
    const now = this.#now()
    const grant = await lockGrant(connection, rotation.grant, now)
    if (grant?.client !== rotation.client.id) return { kind: 'refused' }
    const pair = succeedingPair(this.#ring.secrets[0], rotation.refreshToken, now)
    if (await consumeRefreshToken(connection, { hash, grant: grant.id, successor: tokenKey(pair.refresh), now })) {
      // A scope that is refused undoes the use with the transaction.
      return {
        kind: 'rotated',
        tokens: await this.#insert(connection, { grant, client: rotation.client, narrowed: rotation.narrow(grant) }, pair),
      }
    }
    return this.#repeat(connection, rotation, grant)
  }

  /** The token was not there to be used: expired, or a repeat, or a reuse. */
  async #repeat(connection: Connection, rotation: Rotation, grant: GrantRow): Promise<RotationOutcome> {
    const used = await readToken(connection, tokenKey(rotation.refreshToken))
    // The time is read after the lock was waited for; another process's clock may be a little ahead of it.
    const now = this.#now()
    if (used?.grant_id !== grant.id || used.used_at === null || used.successor === null || used.expires <= now) return { kind: 'refused' }
    const reused = { kind: 'reused', grant: used.grant_id } as const
    const pair = repeatedPair(this.#ring, rotation.refreshToken, used.successor)
    const { rotationLeeway } = rotation.client
    if (!pair || rotationLeeway === 0 || now - used.used_at > rotationLeeway) return reused
    const successor = await readToken(connection, used.successor)
    const access = await readToken(connection, tokenKey(pair.access))
    if (!successor || !access || successor.used_at !== null || !isSameRequest(successor, rotation, grant)) return reused
    if (successor.expires <= now || access.expires <= now) return { kind: 'refused' }
    return { kind: 'rotated', tokens: { ...pair, scope: access.scope, life: access.expires - now, ...detailsOf(access.scope, grant) } }
  }

  async #insert(connection: Connection, issue: Issue, pair: TokenPair): Promise<IssuedTokens> {
    const issued = this.#now()
    const access = accessRow(issue, pair.access, issued)
    await insertTokens(connection, [access, refreshRow(issue, pair.refresh, issued)])
    return { ...pair, scope: access.scope, life: access.expires - issued, ...detailsOf(access.scope, issue.grant) }
  }
}

function detailsOf(scope: string, { filters = null, details = null }: DetailColumns): Pick<IssuedTokens, 'details'> {
  const granted = grantedDetails(scope, { filters, details })
  return granted === undefined ? {} : { details: granted }
}

const accessRow = ({ grant, client, narrowed }: Issue, token: string, issued: number): TokenRow => ({
  ...rowOf({ grant, client, narrowed }, token, issued),
  kind: 'access',
  scope: narrowed.held,
  expires: Math.min(issued + client.lifetimes.access, grant.expires),
})

const refreshRow = ({ grant, client, narrowed }: Issue, token: string, issued: number): TokenRow => ({
  ...rowOf({ grant, client, narrowed }, token, issued),
  kind: 'refresh',
  scope: narrowed.asked,
  expires: Math.min(issued + client.lifetimes.idle, grant.expires),
})

const rowOf = ({ grant, client, narrowed }: Issue, token: string, issued: number) => ({
  hash: tokenKey(token),
  grant_id: grant.id,
  client: client.id,
  resource: narrowed.resource,
  issued,
  used_at: null,
  successor: null,
})

/** Whether a repeat asks for what was given. What may not be asked for is no second thought of an honest caller's, who repeats what was taken. */
function isSameRequest(successor: TokenRow, rotation: Rotation, grant: GrantRow): boolean {
  try {
    const { asked, resource } = rotation.narrow(grant)
    return successor.scope === asked && successor.resource === resource
  } catch (error) {
    if (error instanceof OAuthError) return false
    throw error
  }
}
