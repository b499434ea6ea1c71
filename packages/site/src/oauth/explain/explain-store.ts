import type { Connection } from '@annex/database'
import { readClosed } from '../access/closings/closings-store.ts'
import { currentEpoch } from '../grants/grants-store.ts'
import type { GrantRow, OAuthTables, TokenRow } from '../storage/oauth-tables.ts'
import type { RightsRow } from '../bearer/token-rights.ts'

export interface GrantFacts {
  readonly grant: GrantRow
  readonly epoch: number
}

/** A token, living or not. */
export async function readTokenFacts(connection: Connection, hash: string): Promise<TokenRow | undefined> {
  // Primary key.
  return connection.withTables<OAuthTables>().selectFrom('oauth_token').selectAll().where('hash', '=', hash).executeTakeFirst()
}

/** A grant, living or not, with the epoch of now. */
export async function readGrantFacts(connection: Connection, id: string): Promise<GrantFacts | undefined> {
  // Primary keys.
  const row = await connection
    .withTables<OAuthTables>()
    .selectFrom('oauth_grant')
    .selectAll()
    .select(currentEpoch.as('epoch_now'))
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) return undefined
  const { epoch_now: epoch, ...grant } = row
  if (grant.revoked_at !== null) return { grant, epoch }
  const closed = await readClosed(connection, grant)
  return { grant: closed ? { ...grant, revoked_at: closed.closedAt, reason: closed.reason } : grant, epoch }
}

type ClientRights = Pick<RightsRow, 'unfenced' | 'row_filters' | 'openid_acts_as_all'>
type Tables = { 'tabOAuth Client': ClientRights & { name: string } }

/** What of a client says what its tokens open. */
export async function readClientRights(connection: Connection, id: string): Promise<ClientRights | undefined> {
  // Primary key.
  return connection
    .withTables<Tables>()
    .selectFrom('tabOAuth Client')
    .select(['unfenced', 'row_filters', 'openid_acts_as_all'])
    .where('name', '=', id)
    .executeTakeFirst()
}
