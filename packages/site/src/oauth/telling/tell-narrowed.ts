import type { Change } from '../../doctypes/controller.ts'
import { wordsOf, readClient } from '../clients/clients-store.ts'
import { withinPolicy } from '../clients/rules/registration-policy.ts'
import { heldScopes } from '../grant-types/grant-type-parts.ts'
import type { Grants } from '../grants/grants.ts'
import { listClientGrants } from '../grants/grants-store.ts'
import type { SiteSettings } from '../settings.ts'

export interface TellNarrowedParts {
  readonly grants: Pick<Grants, 'tellNarrowed'>
  readonly settings: () => Promise<SiteSettings>
  /** UTC microseconds. */
  readonly now: () => number
}

/**
 * Tells an app, in the transaction that changes its OAuth Client, what its living grants still hold: of those that lost a scope,
 * and of all when other documents than before may be reached.
 */
export async function tellNarrowed(
  { connection, document, previous }: Change,
  { grants, settings, now }: TellNarrowedParts,
): Promise<void> {
  if (!previous || (same(previous['scopes'], document['scopes']) && same(previous['row_filters'], document['row_filters']))) return
  const stored = await readClient(connection, String(document.name))
  // Nobody listens.
  if (stored?.eventUri === undefined) return
  const client = withinPolicy(stored, await settings())
  const before = { ...client, scopes: wordsOf(previous['scopes']) }
  const isFiltered = !same(previous['row_filters'], document['row_filters'])
  for (const grant of await listClientGrants(connection, client.id, now())) {
    const scope = heldScopes(grant, client)
    if (scope !== heldScopes(grant, before)) await grants.tellNarrowed(connection, grant, scope, 'client_scopes_changed')
    else if (isFiltered) await grants.tellNarrowed(connection, grant, scope, 'client_row_filters_changed')
  }
}

const same = (one: unknown, other: unknown): boolean => (one ?? '') === (other ?? '')
