import type { TokenRights } from '../../policy/principal.ts'
import { parseIds } from '../grants/grants.ts'
import type { BearerRow } from './bearer-store.ts'
import type { NarrowedScopes } from './kept/narrowed-scopes.ts'

/** What of a token's row says what it opens. */
export type RightsRow = Pick<
  BearerRow,
  'grant_id' | 'client' | 'scope' | 'filters' | 'row_filters' | 'unfenced' | 'doctype_ids' | 'openid_acts_as_all'
>

/** What an access token opens, as its row says. */
export const tokenRights = (row: RightsRow, hash: string, narrowed: NarrowedScopes): TokenRights => ({
  hash,
  grant: row.grant_id,
  client: row.client,
  ...narrowed.get(actsAsAll(row) ? { ...row, scope: `${row.scope} *:read` } : row),
  unfenced: row.unfenced === 1,
  doctypeIds: parseIds(row.doctype_ids),
})

/** Apps of old read documents with `openid` alone; one that was let go on so reads what its user may, within the fence. */
export const actsAsAll = ({ scope, openid_acts_as_all: acts }: RightsRow): boolean =>
  acts === 1 && /(^| )openid( |$)/.test(scope) && !/(^| )(all|\*:read)( |$)/.test(scope)
