import type { Connection } from '@annex/database'
import { readClient } from '../clients/clients-store.ts'
import type { Client } from '../clients/client.ts'
import type { OAuthTables } from '../storage/oauth-tables.ts'
import { sidOf } from './session-ids.ts'

/** A client that wants to be told when a session ends, and what it knows that session by. */
export interface LogoutReceiver {
  readonly client: Client
  readonly sid: string
}

/**
 * Whom the end of a session concerns: each client with a back-channel logout URI that this session signed in to, whether its
 * grant lives on or not.
 *
 * @see OpenID Connect Back-Channel Logout 1.0 section 2.4
 */
export async function listLogoutReceivers(
  connection: Connection,
  session: { readonly hash: string; readonly user: string },
): Promise<LogoutReceiver[]> {
  const db = connection.withTables<OAuthTables>()
  // Index oauth_grant_user_client.
  const query = db.selectFrom('oauth_grant').select('client').distinct().where('user', '=', session.user)
  const rows = await query.where('session', '=', session.hash).orderBy('client').execute()
  const clients = await Promise.all(rows.map((row) => readClient(connection, row.client)))
  return clients
    .filter((client) => client?.backchannelLogoutUri !== undefined)
    .map((client) => ({ client: client as Client, sid: sidOf((client as Client).id, session.hash) }))
}
