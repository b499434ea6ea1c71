import { randomUUID } from 'node:crypto'
import type { Connection } from '@annex/database'

type Tables = { site_id: { id: number; value: string } }

/** Tells this site from others that share its key ring. Made once, and the same in every copy and backup of the site. */
export async function readSiteId(connection: Connection): Promise<string> {
  // Primary key.
  const row = await connection.withTables<Tables>().selectFrom('site_id').select('value').where('id', '=', 1).executeTakeFirst()
  if (!row) throw new Error('The database has no site id; restore it from a backup')
  return row.value
}

export async function makeSiteId(connection: Connection): Promise<void> {
  await connection.withTables<Tables>().insertInto('site_id').values({ id: 1, value: randomUUID() }).execute()
}
