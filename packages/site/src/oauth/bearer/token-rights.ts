import type { TokenRights } from '../../policy/principal.ts'
import type { ClientUses } from '../clients/uses/client-uses.ts'
import { parseIds } from '../grants/grants.ts'
import type { BearerRow } from './bearer-store.ts'
import type { NarrowedScopes } from './narrowed-scopes.ts'

/** What of a token's row says what it opens. */
export type RightsRow = Pick<
  BearerRow,
  'grant_id' | 'client' | 'scope' | 'filters' | 'row_filters' | 'unfenced' | 'doctype_ids' | 'openid_acts_as_all'
>

/** What an access token opens, as its row says. */
export const tokenRights = (row: RightsRow, hash: string, narrowed: NarrowedScopes, uses: Pick<ClientUses, 'note'>): TokenRights => ({
  hash,
  grant: row.grant_id,
  client: row.client,
  ...narrowed.get({ ...row, scope: effectiveScope(row, uses) }),
  unfenced: row.unfenced === 1,
  doctypeIds: parseIds(row.doctype_ids),
})

/** Apps of old read documents with `openid` alone; one that was let go on so reads what its user may, within the fence. */
function effectiveScope({ scope, client, openid_acts_as_all: acts }: RightsRow, uses: Pick<ClientUses, 'note'>): string {
  if (acts !== 1 || !/(^| )openid( |$)/.test(scope) || /(^| )(all|\*:read)( |$)/.test(scope)) return scope
  uses.note(client, 'openidActsAsAll')
  return `${scope} *:read`
}
