import type { Connection } from '@annex/database'

export type KnownPlaceRow = {
  user: string
  /** Hash of the user, the browser's family and the network. */
  mark: string
  /** UTC microseconds. */
  last_used: number
}

type Tables = { known_place: KnownPlaceRow }

export async function hasPlace(connection: Connection, user: string): Promise<boolean> {
  // Primary key.
  const query = connection.withTables<Tables>().selectFrom('known_place').select('mark').where('user', '=', user)
  return (await query.limit(1).executeTakeFirst()) !== undefined
}

export async function isKept(connection: Connection, user: string, mark: string): Promise<boolean> {
  // Primary key.
  const query = connection.withTables<Tables>().selectFrom('known_place').select('mark').where('user', '=', user)
  return (await query.where('mark', '=', mark).executeTakeFirst()) !== undefined
}

/** True when it was not there. */
export async function keepPlace(connection: Connection, row: KnownPlaceRow): Promise<boolean> {
  const db = connection.withTables<Tables>()
  // Primary key.
  const insert = db
    .insertInto('known_place')
    .values(row)
    .onConflict((conflict) => conflict.columns(['user', 'mark']).doNothing())
  if (((await insert.executeTakeFirst()).numInsertedOrUpdatedRows ?? 0n) > 0n) return true
  const update = db.updateTable('known_place').set({ last_used: row.last_used })
  await update.where('user', '=', row.user).where('mark', '=', row.mark).execute()
  return false
}

export async function removeOldPlaces(connection: Connection, user: string, before: number): Promise<void> {
  // Primary key.
  await connection.withTables<Tables>().deleteFrom('known_place').where('user', '=', user).where('last_used', '<', before).execute()
}

export async function removePlacesOf(connection: Connection, user: string): Promise<void> {
  // Primary key.
  await connection.withTables<Tables>().deleteFrom('known_place').where('user', '=', user).execute()
}
