import type { Connection } from '@annex/database'
import { sql } from 'kysely'

export interface VersionRow {
  readonly name: string
  readonly owner: string
  /** UTC microseconds. */
  readonly creation: number
  readonly data: string | null
}

/** The newest versions of a document, newest first. */
export async function listVersions(connection: Connection, doctype: string, name: string, limit: number): Promise<VersionRow[]> {
  // Index (docname).
  const { rows } = await sql<VersionRow>`
    select name, owner, creation, data from ${sql.table('tabVersion')}
    where docname = ${name} and ref_doctype = ${doctype} order by creation desc limit ${limit}`.execute(connection)
  return rows
}

export async function removeVersions(connection: Connection, doctype: string, name: string): Promise<void> {
  // Index (docname).
  await sql`delete from ${sql.table('tabVersion')} where docname = ${name} and ref_doctype = ${doctype}`.execute(connection)
}
