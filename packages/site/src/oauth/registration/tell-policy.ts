import type { Connection } from '@annex/database'
import { readClient } from '../clients/clients-store.ts'
import { withinPolicy } from '../clients/rules/registration-policy.ts'
import { heldScopes } from '../grant-types/grant-type-parts.ts'
import type { Grants } from '../grants/grants.ts'
import { listClientGrants } from '../grants/grants-store.ts'
import { listListeningRegistrations } from './registrations-store.ts'

export interface TellPolicyParts {
  readonly grants: Pick<Grants, 'tellNarrowed'>
  /** UTC microseconds. */
  readonly now: () => number
}

/** Tells programs that registered themselves, in the transaction that changes the policy, which of their grants hold something else now. */
export async function tellPolicyChange(
  connection: Connection,
  { before, after }: { readonly before: readonly string[]; readonly after: readonly string[] },
  { grants, now }: TellPolicyParts,
): Promise<void> {
  for (const id of await listListeningRegistrations(connection)) {
    const client = await readClient(connection, id)
    if (client?.eventUri === undefined) continue
    const [then, since] = [withinPolicy(client, { registrationScopes: before }), withinPolicy(client, { registrationScopes: after })]
    for (const grant of await listClientGrants(connection, id, now())) {
      const scope = heldScopes(grant, since)
      if (scope !== heldScopes(grant, then)) await grants.tellNarrowed(connection, grant, scope, 'registration_policy_changed')
    }
  }
}
