import type { Connection } from '@annex/database'
import { RIGHTS, ScopeSet, isIdentityScope, readScope, splitScope } from '@annex/protocol'
import { unsaidReach, type Client } from '../../clients/client.ts'
import type { Grants, NewGrant } from '../../grants/grants.ts'
import { listGrants } from '../../grants/grants-store.ts'
import type { GrantRow } from '../../storage/oauth-tables.ts'
import { readTriples, type FilterTriple } from '../details/granted-details.ts'

/** The box of the consent page. */
export const END_OLDER = 'end_older'

/** The connections that a consent stands beside: what an app may do for itself is none of its user's. */
export const olderConnections = (grants: readonly GrantRow[]): GrantRow[] => grants.filter(({ kind }) => kind !== 'service')

/**
 * Whether a consent could leave a connection reaching more than itself: it opens what is asked about, or documents that the app may be
 * kept to. Where it does not there is nothing to ask.
 */
export function mayReachMore(
  older: Pick<GrantRow, 'granted'>,
  { offered, doctypes }: { readonly offered: readonly string[]; readonly doctypes: readonly string[] },
  client: Pick<Client, 'legacy'>,
): boolean {
  const scopes = scopesOf(older, client)
  return offered.some((scope) => !isIdentityScope(scope) && opens(scopes, scope)) || doctypes.some((doctype) => reaches(scopes, doctype))
}

export interface OlderParts {
  readonly grants: Pick<Grants, 'revokeWithin'>
  /** UTC microseconds. */
  readonly now: () => number
}

/**
 * Ends, in the transaction of a consent and before it is stored, the user's older connections of the app that reach more. Those
 * that reach no more stay, so that allowing the same on a second device signs nobody out on the first.
 *
 * @param session - in which the consent is given: the app is not told to sign the user out of that one
 */
export async function endWiderConnections(
  connection: Connection,
  { grants, now }: OlderParts,
  { client, consent, session }: { readonly client: Client; readonly consent: NewGrant; readonly session: string },
): Promise<void> {
  const older = olderConnections(await listGrants(connection, consent.user, now(), client.id))
  for (const grant of older)
    if (reachesMore(grant, consent, client)) await grants.revokeWithin(connection, { id: grant.id }, 'consent_replaced', session)
}

/**
 * Whether a connection opens what its user now said no to: a right that they unticked, or documents beside those that the app is
 * kept to. What was not asked for this time is not compared: an app that only signs its user in takes nothing away.
 */
export function reachesMore(
  older: Pick<GrantRow, 'granted' | 'filters'>,
  consent: Pick<NewGrant, 'rejected' | 'filters'>,
  client: Pick<Client, 'legacy'>,
): boolean {
  const scopes = scopesOf(older, client)
  if (consent.rejected.some((scope) => opens(scopes, scope))) return true
  const before = readTriples(older.filters)
  const kept = [...readTriples(consent.filters ?? null)]
  return kept.some(([doctype, filters]) => reaches(scopes, doctype) && !isWithin(before.get(doctype) ?? [], filters))
}

function scopesOf({ granted }: Pick<GrantRow, 'granted'>, client: Pick<Client, 'legacy'>): ScopeSet {
  const scopes = splitScope(granted)
  return new ScopeSet([...scopes, ...unsaidReach(client, scopes)])
}

function opens(scopes: ScopeSet, token: string): boolean {
  const scope = readScope(token)
  if (scope?.kind === 'document') return scopes.names(scope.doctype, scope.right) || scopes.opensEvery(scope.right)
  return scope?.kind === 'method' ? scopes.all || scopes.opensMethod(scope.name) : scopes.has(token)
}

const reaches = (scopes: ScopeSet, doctype: string): boolean =>
  RIGHTS.some((right) => scopes.names(doctype, right) || scopes.opensEvery(right))

/** Whether documents that meet the filters of before meet those of now: each of now's is among them, or names more documents. */
const isWithin = (before: readonly FilterTriple[], now: readonly FilterTriple[]): boolean =>
  now.every((filter) => before.some((earlier) => JSON.stringify(earlier) === JSON.stringify(filter) || namesLess(earlier, filter)))

function namesLess([field, operator, names]: FilterTriple, [fieldNow, operatorNow, namesNow]: FilterTriple): boolean {
  const isNames = [field, fieldNow].every((one) => one === 'name') && [operator, operatorNow].every((one) => one === 'in')
  return isNames && Array.isArray(names) && Array.isArray(namesNow) && names.every((name) => namesNow.includes(name))
}
