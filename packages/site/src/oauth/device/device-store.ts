import type { Connection } from '@annex/database'
import type { DeviceRow, OAuthTables } from '../storage/oauth-tables.ts'

/** False when the user code is another device's. */
export async function insertDevice(connection: Connection, device: DeviceRow): Promise<boolean> {
  const row = await connection
    .withTables<OAuthTables>()
    .insertInto('oauth_device')
    .values(device)
    .onConflict((conflict) => conflict.column('user_code').doNothing())
    .returning('hash')
    .executeTakeFirst()
  return row !== undefined
}

export async function readDevice(connection: Connection, hash: string): Promise<DeviceRow | undefined> {
  // Primary key.
  return connection.withTables<OAuthTables>().selectFrom('oauth_device').selectAll().where('hash', '=', hash).executeTakeFirst()
}

/** Takes a code that waits for the user, who was the first to open it or is the one who did; undefined for any other. */
export async function claimDevice(
  connection: Connection,
  userCodes: readonly string[],
  user: string,
  now: number,
): Promise<DeviceRow | undefined> {
  // Index oauth_device_user_code.
  const query = connection.withTables<OAuthTables>().updateTable('oauth_device').set({ user }).where('user_code', 'in', userCodes)
  return query
    .where('state', '=', 'open')
    .where('expires', '>', now)
    .where((where) => where.or([where('user', 'is', null), where('user', '=', user)]))
    .returningAll()
    .executeTakeFirst()
}

/** Stores what its user decided. Of any number of callers one gets true. */
export async function settleDevice(
  connection: Connection,
  { hash, user }: { readonly hash: string; readonly user: string },
  state: 'allowed' | 'denied',
  now: number,
): Promise<boolean> {
  // Primary key.
  const query = connection.withTables<OAuthTables>().updateTable('oauth_device').set({ state }).where('hash', '=', hash)
  const row = await query
    .where('state', '=', 'open')
    .where('user', '=', user)
    .where('expires', '>', now)
    .returning('hash')
    .executeTakeFirst()
  return row !== undefined
}

/** Says which grant came of it. */
export async function nameGrant(connection: Connection, hash: string, grant: string): Promise<void> {
  // Primary key.
  await connection.withTables<OAuthTables>().updateTable('oauth_device').set({ grant_id: grant }).where('hash', '=', hash).execute()
}

/** Uses up a code that was allowed. Of any number of callers one gets true. */
export async function consumeDevice(connection: Connection, hash: string, now: number): Promise<boolean> {
  // Primary key.
  const query = connection.withTables<OAuthTables>().updateTable('oauth_device').set({ state: 'used' }).where('hash', '=', hash)
  const row = await query.where('state', '=', 'allowed').where('expires', '>', now).returning('hash').executeTakeFirst()
  return row !== undefined
}

/** Ends a code that waits: somebody came upon it by guessing. */
export async function endDevice(connection: Connection, userCodes: readonly string[], now: number): Promise<boolean> {
  // Index oauth_device_user_code.
  const query = connection.withTables<OAuthTables>().updateTable('oauth_device').set({ expires: now }).where('user_code', 'in', userCodes)
  return (await query.where('state', '=', 'open').where('expires', '>', now).returning('hash').executeTakeFirst()) !== undefined
}

/** Notes a question of the device; false when it came too soon after the last. */
export async function noteQuestion(connection: Connection, { hash, pace }: DeviceRow, now: number, patience: number): Promise<boolean> {
  // Primary key.
  const query = connection.withTables<OAuthTables>().updateTable('oauth_device').set({ polled_at: now }).where('hash', '=', hash)
  const row = await query
    .where((where) => where.or([where('polled_at', 'is', null), where('polled_at', '<=', now - pace * 1_000_000 + patience)]))
    .returning('hash')
    .executeTakeFirst()
  return row !== undefined
}

/** Makes the device wait longer between its questions, from now on. */
export async function slowDevice(connection: Connection, hash: string, seconds: number, now: number): Promise<void> {
  const query = connection.withTables<OAuthTables>().updateTable('oauth_device')
  // Primary key.
  await query
    .set((column) => ({ polled_at: now, pace: column('pace', '+', seconds) }))
    .where('hash', '=', hash)
    .execute()
}
