import type { Database, Generation } from '@annex/database'
import { FrappeError, ScopeSet, splitScope } from '@annex/protocol'
import type { Authenticator } from '../../http/exchange.ts'
import type { Principal, TokenRights } from '../../policy/principal.ts'
import { bearerReader, type BearerRow } from './bearer-store.ts'
import { parseIds } from '../grants/grants.ts'
import type { LastUses } from './last-uses.ts'
import { hashOf, isAccessToken } from '../token-text.ts'

export interface BearerParts {
  readonly database: Database
  readonly generation: Generation
  /** The user with roles and user permissions, as they are now; undefined for one who is gone or disabled. */
  readonly principalOf: (user: string, token: TokenRights) => Promise<Principal | undefined>
  /** Whether apps may act for this user (Administrator may be kept from them). */
  readonly admits: (user: string) => boolean
  readonly lastUses: LastUses
  readonly resourceMetadata: () => string
  readonly now: () => number
}

const BEARER = /^bearer(?:\s|$)/i
const ONE_TOKEN = /^bearer ([^\s,]+)$/i
const KEPT = 2000

/**
 * Knows callers by `Authorization: Bearer`, with one read of the database.
 *
 * @throws {FrappeError} `AuthenticationError` (401) with a challenge that says where to sign in (RFC 9728)
 * @see RFC 6750 sections 2.1 and 3.1
 */
export function bearerAuthenticator(parts: BearerParts): Authenticator<Principal> {
  const read = bearerReader(parts.database.connection)
  const scopeSets = new ScopeSets()
  return async ({ headers }) => {
    const header = headers['authorization']
    if (typeof header !== 'string' || !BEARER.test(header)) return undefined
    const text = ONE_TOKEN.exec(header)?.[1] ?? ''
    if (!isAccessToken(text)) throw invalidToken(parts.resourceMetadata())
    const hash = hashOf(text)
    const now = parts.now()
    const row = await read(hash, now)
    if (!row || !parts.admits(row.user)) throw invalidToken(parts.resourceMetadata())
    await parts.generation.observe(row.generation)
    const caller = await parts.principalOf(row.user, rightsOf(row, hash, scopeSets.get(row.scope)))
    if (!caller) throw invalidToken(parts.resourceMetadata())
    parts.lastUses.note(row.grant_id, now)
    return { caller }
  }
}

const rightsOf = (row: BearerRow, hash: string, scopes: ScopeSet): TokenRights => ({
  hash,
  grant: row.grant_id,
  client: row.client,
  scopes,
  unfenced: row.unfenced === 1,
  doctypeIds: parseIds(row.doctype_ids),
})

/** The 401 for a token that is not good; it says nothing of why. */
export function invalidToken(resourceMetadata: string): FrappeError {
  const challenge = `Bearer error="invalid_token", error_description="The access token is unknown, expired or revoked", resource_metadata="${resourceMetadata}"`
  return new FrappeError('AuthenticationError', 'The access token is unknown, expired or revoked; renew it or sign in again', {
    headers: { 'www-authenticate': challenge },
  })
}

/** Scope texts are few and sets of them do not change: each is read once. */
class ScopeSets {
  readonly #sets = new Map<string, ScopeSet>()

  get(scope: string): ScopeSet {
    const known = this.#sets.get(scope)
    if (known) return known
    if (this.#sets.size >= KEPT) this.#sets.clear()
    const set = new ScopeSet(splitScope(scope))
    this.#sets.set(scope, set)
    return set
  }
}
