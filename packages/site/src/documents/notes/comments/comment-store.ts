import type { Connection } from '@annex/database'
import { sql } from 'kysely'

export interface CommentRow {
  readonly name: string
  /** UTC microseconds. */
  readonly creation: number
  readonly content: string | null
  readonly owner: string
  readonly comment_type: string
  readonly comment_email: string | null
  readonly comment_by: string | null
}

/** The newest comments and log entries of a document, newest first. */
export async function listComments(connection: Connection, doctype: string, name: string, limit: number): Promise<CommentRow[]> {
  // Index (reference_name, name).
  const { rows } = await sql<CommentRow>`
    select name, creation, content, owner, comment_type, comment_email, comment_by from ${sql.table('tabComment')}
    where reference_name = ${name} and reference_doctype = ${doctype} order by creation desc limit ${limit}`.execute(connection)
  return rows
}

export async function removeComments(connection: Connection, doctype: string, name: string): Promise<void> {
  // Index (reference_name, name).
  await sql`delete from ${sql.table('tabComment')} where reference_name = ${name} and reference_doctype = ${doctype}`.execute(connection)
}

export async function removeLikes(connection: Connection, doctype: string, name: string, user: string): Promise<void> {
  // Index (reference_name, name).
  await sql`
    delete from ${sql.table('tabComment')}
    where reference_name = ${name} and reference_doctype = ${doctype} and comment_type = 'Like' and owner = ${user}`.execute(connection)
}
