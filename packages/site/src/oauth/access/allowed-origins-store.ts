import type { Connection } from '@annex/database'
import { wordsOf } from '../clients/clients-store.ts'

/** Named as `tableName` of the room doctypes names them. */
type Tables = { 'tabOAuth Client': { name: string; enabled: number; allowed_origins: string | null } }

/** The origins that a client is used from; none of one that is not active, or not there. */
export async function readAllowedOrigins(connection: Connection, client: string): Promise<readonly string[]> {
  // Primary key.
  const query = connection.withTables<Tables>().selectFrom('tabOAuth Client').select('allowed_origins').where('name', '=', client)
  return wordsOf((await query.where('enabled', '=', 1).executeTakeFirst())?.allowed_origins)
}
