import type { Connection } from '@annex/database'
import { currentEpoch } from '../../../packages/site/src/oauth/grants/grants-store.ts'
import type { GrantRow, OAuthTables } from '../../../packages/site/src/oauth/storage/oauth-tables.ts'

/** A grant as it is inserted; the epoch is the database's. */
export type NewGrantRow = Omit<GrantRow, 'epoch'>

/** One grant that a user has given a client, to make others of. @throws {Error} when there is none */
export async function readTemplate(connection: Connection, user: string, client: string): Promise<NewGrantRow> {
  const db = connection.withTables<OAuthTables>()
  // Index oauth_grant_user_client; there may be a million.
  const query = db.selectFrom('oauth_grant').selectAll().where('user', '=', user).where('client', '=', client)
  const found = await query.where('revoked_at', 'is', null).where('epoch', '=', currentEpoch).limit(1).executeTakeFirst()
  if (!found) throw new Error('The bench has no grant to make others of')
  const { epoch: _, ...grant } = found
  return grant
}
