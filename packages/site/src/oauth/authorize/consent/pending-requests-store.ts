import type { Connection } from '@annex/database'
import type { OAuthTables, PendingRequestRow } from '../../storage/oauth-tables.ts'

/** Open consent pages that one session may have. */
const CAP = 20

/** Keeps a request that waits for its user's decision; of more than twenty of a session the oldest goes. */
export async function insertPending(connection: Connection, row: PendingRequestRow): Promise<void> {
  const db = connection.withTables<OAuthTables>()
  await db.insertInto('pending_request').values(row).execute()
  // Index pending_request_session.
  const kept = await db
    .selectFrom('pending_request')
    .select('hash')
    .where('session', '=', row.session)
    .orderBy('created', 'desc')
    .orderBy('hash')
    .execute()
  const old = kept.slice(CAP).map(({ hash }) => hash)
  // Primary key.
  if (old.length > 0) await db.deleteFrom('pending_request').where('hash', 'in', old).execute()
}

/** The request, when this session of this user opened it and it has not ended. */
export async function readPending(
  connection: Connection,
  key: Pick<PendingRequestRow, 'hash' | 'session' | 'user'>,
  now: number,
): Promise<PendingRequestRow | undefined> {
  const db = connection.withTables<OAuthTables>()
  // Primary key.
  const query = db.selectFrom('pending_request').selectAll().where('hash', '=', key.hash)
  return query.where('session', '=', key.session).where('user', '=', key.user).where('expires', '>', now).executeTakeFirst()
}

/** Uses the request up. Of any number of callers one gets true. */
export async function consumePending(connection: Connection, hash: string): Promise<boolean> {
  // Primary key.
  const row = await connection
    .withTables<OAuthTables>()
    .deleteFrom('pending_request')
    .where('hash', '=', hash)
    .returning('hash')
    .executeTakeFirst()
  return row !== undefined
}
