import type { Connection } from '@annex/database'
import { sql } from 'kysely'

export interface Attachment {
  readonly name: string
  readonly file_name: string | null
  readonly file_url: string | null
  readonly is_private: number
}

/** A user as others see them beside what they wrote. */
export interface UserCard {
  readonly name: string
  readonly full_name: string | null
  readonly user_image: string | null
}

/** The newest files that are attached to a document, newest first. */
export async function listAttachments(connection: Connection, doctype: string, name: string, limit: number): Promise<Attachment[]> {
  // Index (attached_to_name, name).
  const { rows } = await sql<Attachment>`
    select name, file_name, file_url, is_private from ${sql.table('tabFile')}
    where attached_to_name = ${name} and attached_to_doctype = ${doctype} order by creation desc limit ${limit}`.execute(connection)
  return rows
}

export async function listUserCards(connection: Connection, users: readonly string[]): Promise<UserCard[]> {
  if (users.length === 0) return []
  // Primary key (name).
  const { rows } =
    await sql<UserCard>`select name, full_name, user_image from ${sql.table('tabUser')} where name in (${sql.join(users)})`.execute(
      connection,
    )
  return rows
}
