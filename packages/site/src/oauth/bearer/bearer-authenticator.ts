import type { Database, Generation } from '@annex/database'
import { FrappeError } from '@annex/protocol'
import type { Audit } from '../../audit/audit.ts'
import { INCIDENT_HEADER, withIncident } from '../../audit/refusals/with-incident.ts'
import type { Authenticator } from '../../http/exchange.ts'
import type { Principal, TokenRights } from '../../policy/principal.ts'
import { readBearer, type BearerRow } from './bearer-store.ts'
import { isWithin } from '../clients/ip-ranges.ts'
import type { ClientUses } from '../clients/uses/client-uses.ts'
import type { LastUses } from './last-uses.ts'
import type { Budgets, Spender } from '../budgets/budgets.ts'
import { wordsOf } from '../clients/clients-store.ts'
import type { Usage } from '../usage/usage.ts'
import { KnownCallers, type KnownCaller } from './kept/known-callers.ts'
import { NarrowedScopes } from './kept/narrowed-scopes.ts'
import type { BearerRefusals } from './refused/bearer-refusals.ts'
import { actsAsAll, tokenRights } from './token-rights.ts'
import { tokenKey, isAccessToken } from '../token-text.ts'

export interface BearerParts {
  readonly database: Database
  readonly generation: Generation
  /** The user with roles and user permissions, as they are now; undefined for one who is gone or disabled. */
  readonly principalOf: (user: string, token: TokenRights) => Promise<Principal | undefined>
  /** Whether apps may act for this user (Administrator may be kept from them). */
  readonly admits: (user: string) => boolean
  /** Whether the app is open to the user; asked once for each state of the site. */
  readonly holds: (principal: Principal, client: string, kind: string | null) => Promise<boolean>
  /** Whether a token for these resources is for this site (RFC 8707). */
  readonly isForSite: (resource: string | null) => boolean
  readonly lastUses: LastUses
  /** Where calls are counted, and those that are refused. */
  readonly usage: Pick<Usage, 'call' | 'refused'>
  readonly budgets: Pick<Budgets, 'spend'>
  /** Where exceptions that apps use are counted. */
  readonly uses: Pick<ClientUses, 'note'>
  readonly audit: Pick<Audit, 'refuse'>
  /** Where calls with tokens that are not good are remembered. */
  readonly refusals: Pick<BearerRefusals, 'refuse'>
  readonly resourceMetadata: () => string
  readonly now: () => number
}

const BEARER = /^bearer(?:\s|$)/i
const ONE_TOKEN = /^bearer ([^\s,]+)$/i

/**
 * Knows callers by `Authorization: Bearer`, with one read of the database.
 *
 * @throws {FrappeError} `AuthenticationError` (401) with a challenge that says where to sign in (RFC 9728)
 * @see RFC 6750 sections 2.1 and 3.1
 */
export function bearerAuthenticator(parts: BearerParts): Authenticator<Principal> {
  const callers = new KnownCallers()
  const narrowed = new NarrowedScopes()
  const { refusals } = parts
  return async ({ headers, ip }) => {
    const header = headers['authorization']
    if (typeof header !== 'string' || !BEARER.test(header)) return undefined
    const text = ONE_TOKEN.exec(header)?.[1] ?? ''
    const now = parts.now()
    if (!isAccessToken(text)) throw await refusals.refuse({ ip, now })
    const hash = tokenKey(text)
    const [row] = await readBearer(parts.database.connection, { hash, now })
    if (!row) throw await refusals.refuse({ hash, ip, now })
    if (!parts.admits(row.user)) throw await refusals.refuse({ hash, ip, now, beyond: 'user' })
    if (!parts.isForSite(row.resource)) throw await refusals.refuse({ hash, ip, now, beyond: 'resource' })
    if (row.ip_ranges) await requireAddress(row, hash, ip, parts)
    if (!parts.generation.isSeen(row.generation)) await parts.generation.observe(row.generation)
    let known = callers.get(hash, row)
    if (!known) {
      const found = await knownBy(parts, row, tokenRights(row, hash, narrowed))
      if (typeof found === 'string') throw await refusals.refuse({ hash, ip, now, beyond: found })
      callers.set(hash, row, (known = found))
    }
    if (known.actsAsAll) parts.uses.note(row.client, 'openidActsAsAll')
    parts.lastUses.note(row.grant_id, now)
    parts.usage.call(known.rights, ip, now)
    return known.answer
  }
}

/** The caller, or what stands against them. */
async function knownBy(parts: BearerParts, row: BearerRow, rights: TokenRights): Promise<KnownCaller | 'user' | 'not open'> {
  const caller = await parts.principalOf(row.user, rights)
  if (!caller) return 'user'
  if (!(await parts.holds(caller, row.client, row.grant_kind))) return 'not open'
  const spender = spenderOf(row, rights)
  const origins = wordsOf(row.allowed_origins)
  return { answer: { caller, origins: () => origins, enter: () => parts.budgets.spend(spender) }, rights, actsAsAll: actsAsAll(row) }
}

const spenderOf = ({ user, requests_per_second: rate, concurrent_requests: most }: BearerRow, token: TokenRights): Spender => ({
  user,
  token,
  own: { requestsPerSecond: rate, concurrentRequests: most },
})

/** @throws {FrappeError} `AuthenticationError` (401) that says so: whoever shows a token may know what the app is bound to */
async function requireAddress(row: BearerRow, hash: string, ip: string, { audit, usage, resourceMetadata }: BearerParts): Promise<void> {
  const { ip_ranges: ranges, client, user, grant_id: grant } = row
  if (!ranges || isWithin(ranges, ip)) return
  usage.refused({ client, grant, hash }, 'address')
  const incident = await audit.refuse({ event: 'oauth.client.refused', reason: 'address', client, user, grant, ip })
  const sentence = 'This app may not be used from this address; an administrator set from which it may'
  const challenge = `Bearer error="invalid_token", error_description="${sentence}", resource_metadata="${resourceMetadata()}"`
  throw withIncident(new FrappeError('AuthenticationError', sentence, { headers: { 'www-authenticate': challenge } }), incident)
}

/** The 401 for a token that is not good; it says nothing of why. The incident stands in a header alone, so that the body is always the same. */
export function invalidToken(resourceMetadata: string, incident: string): FrappeError {
  const challenge = `Bearer error="invalid_token", error_description="The access token is unknown, expired or revoked", resource_metadata="${resourceMetadata}"`
  return new FrappeError('AuthenticationError', 'The access token is unknown, expired or revoked; renew it or sign in again', {
    headers: { 'www-authenticate': challenge, [INCIDENT_HEADER]: incident },
  })
}
