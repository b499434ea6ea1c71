import type { Connection, Dialect } from '@annex/database'
import type { DocType, OPTIONAL_COLUMNS } from '@annex/protocol'
import { sql } from 'kysely'
import { tableOf } from '../document-store.ts'

export type Mirror = (typeof OPTIONAL_COLUMNS)[number]

/** What stands beside the document in a column of its row; the row is held until the transaction ends. Undefined when there is no such document. */
export async function holdMirror(
  connection: Connection,
  dialect: Dialect,
  doctype: DocType,
  name: string,
  mirror: Mirror,
): Promise<{ readonly text: string | null } | undefined> {
  // Primary key (name).
  const { rows } = await sql<{
    text: string | null
  }>`select ${sql.ref(mirror)} as text from ${tableOf(doctype)} where name = ${name} ${dialect.lockRows}`.execute(connection)
  return rows[0]
}

/** Leaves `modified` where it is: nothing of the document itself has changed. */
export async function updateMirror(
  connection: Connection,
  doctype: DocType,
  name: string,
  mirror: Mirror,
  text: string | null,
): Promise<void> {
  // Primary key (name).
  await sql`update ${tableOf(doctype)} set ${sql.ref(mirror)} = ${text} where name = ${name}`.execute(connection)
}

/** All of them, as they stand. */
export async function readMirrors(
  connection: Connection,
  doctype: DocType,
  name: string,
): Promise<Readonly<Record<Mirror, string | null>> | undefined> {
  // Primary key (name).
  const { rows } = await sql<
    Record<Mirror, string | null>
  >`select _user_tags, _comments, _assign, _liked_by from ${tableOf(doctype)} where name = ${name}`.execute(connection)
  return rows[0]
}
