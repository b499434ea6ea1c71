import type { Connection } from '@annex/database'
import { DAY, HOUR } from './durations.ts'
import type { OAuthTables } from './oauth-tables.ts'

/** Rows that go at once… */
const BATCH = 500
/** …of tokens fewer, whose hashes lie all over their table: five hundred keep SQLite's writer for 26 ms… */
const TOKENS = 100
/** …and the milliseconds that are then left to others. */
const BREATH = 20
/** How far the clocks of two processes may be apart: a device that one of them still waits for must not go. */
const CLOCKS = 6 * HOUR

const breath = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, BREATH).unref())

/**
 * Removes what ended some time ago and can decide nothing any more. A used refresh token stays until it would have
 * expired, so that its reuse is still noticed; a code stays a month, so that its replay is, and a client's leaving
 * PKCE out; a grant's row stays for the record, unless its code ran out unused: that one goes with the code.
 *
 * @param isOver - asked between batches; what is left then waits for the next time
 */
export async function sweep(connection: Connection, now: number, isOver = (): boolean => false): Promise<void> {
  const db = connection.withTables<OAuthTables>()
  while (!isOver() && (await sweepTokens(connection, now - DAY))) await breath()
  while (!isOver() && (await sweepCodes(connection, now - 30 * DAY))) await breath()
  while (!isOver() && (await sweepDevices(connection, now - CLOCKS))) await breath()
  if (isOver()) return
  // A scan of a small table: each row lives ten minutes.
  await db
    .deleteFrom('pending_request')
    .where('expires', '<', now - DAY)
    .execute()
}

/** Removes tokens that ended before, so many at most. Whether there may be more. */
async function sweepTokens(connection: Connection, before: number): Promise<boolean> {
  const db = connection.withTables<OAuthTables>()
  // Index oauth_token_expires, then primary keys.
  const ended = db.selectFrom('oauth_token').select('hash').where('expires', '<', before).limit(TOKENS)
  const { numDeletedRows } = await db.deleteFrom('oauth_token').where('hash', 'in', ended).executeTakeFirstOrThrow()
  return numDeletedRows >= TOKENS
}

/** Removes codes that ended before, so many at most. Whether there may be more. */
async function sweepCodes(connection: Connection, before: number): Promise<boolean> {
  const db = connection.withTables<OAuthTables>()
  // Index oauth_code_expires.
  const query = db.selectFrom('oauth_code').select(['hash', 'grant_id', 'used_at']).where('expires', '<', before)
  const codes = await query.limit(BATCH).execute()
  // The grants first: of a sweep that is cut short the codes are still there to name them.
  await removeGrants(
    connection,
    codes.filter(({ used_at: used }) => used === null).map(({ grant_id: grant }) => grant),
  )
  const hashes = codes.map(({ hash }) => hash)
  // Primary key.
  if (hashes.length > 0) await db.deleteFrom('oauth_code').where('hash', 'in', hashes).execute()
  return codes.length === BATCH
}

/** The same of device codes. */
async function sweepDevices(connection: Connection, before: number): Promise<boolean> {
  const db = connection.withTables<OAuthTables>()
  // Index oauth_device_expires.
  const query = db.selectFrom('oauth_device').select(['hash', 'grant_id', 'state']).where('expires', '<', before)
  const devices = await query.limit(BATCH).execute()
  await removeGrants(
    connection,
    devices.flatMap(({ state, grant_id: grant }) => (state === 'allowed' && grant !== null ? [grant] : [])),
  )
  const hashes = devices.map(({ hash }) => hash)
  // Primary key.
  if (hashes.length > 0) await db.deleteFrom('oauth_device').where('hash', 'in', hashes).execute()
  return devices.length === BATCH
}

async function removeGrants(connection: Connection, ids: readonly string[]): Promise<void> {
  // Primary key.
  if (ids.length > 0) await connection.withTables<OAuthTables>().deleteFrom('oauth_grant').where('id', 'in', ids).execute()
}
