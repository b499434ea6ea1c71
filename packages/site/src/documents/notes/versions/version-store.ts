import type { Connection, Dialect } from '@annex/database'
import { sql } from 'kysely'

export interface VersionRow {
  readonly name: string
  readonly owner: string
  /** UTC microseconds. */
  readonly creation: number
  readonly data: string | null
}

/** The newest versions of a document, newest first. */
export async function listVersions(
  connection: Connection,
  dialect: Dialect,
  doctype: string,
  name: string,
  limit: number,
): Promise<VersionRow[]> {
  // Index (docname, ref_doctype, creation), read backwards.
  const { rows } = await sql<VersionRow>`
    select name, owner, creation, data from ${sql.table('tabVersion')}
    where docname = ${name} and ref_doctype = ${doctype}
    order by ${dialect.order(sql.ref('creation'), true)} limit ${limit}`.execute(connection)
  return rows
}

export async function removeVersions(connection: Connection, doctype: string, name: string): Promise<void> {
  // Index (docname, ref_doctype, creation).
  await sql`delete from ${sql.table('tabVersion')} where docname = ${name} and ref_doctype = ${doctype}`.execute(connection)
}
