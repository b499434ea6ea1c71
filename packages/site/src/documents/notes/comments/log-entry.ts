import type { Connection } from '@annex/database'
import type { Premises } from '../../premises.ts'
import { insertNote } from '../insert-note.ts'
import type { Referred } from '../require-readable.ts'

export type LogType = 'Assigned' | 'Assignment Completed' | 'Edit' | 'Like'

/** Writes what the site itself says of a document into its timeline, as text. */
export async function insertLogEntry(
  premises: Premises,
  connection: Connection,
  user: string,
  type: LogType,
  about: Referred,
  text: string,
): Promise<void> {
  const by = { comment_email: user, comment_by: await fullNameOf(premises, connection, user) }
  const reference = { reference_doctype: about.doctype, reference_name: about.name }
  await insertNote(premises, connection, 'Comment', user, { comment_type: type, content: asHtml(text), ...by, ...reference })
}

/** The name that a user shows; the address of one who has none. */
export async function fullNameOf(premises: Premises, connection: Connection, user: string): Promise<string> {
  const row = await premises.store.readRow(connection, premises.doctypes.require('User'), user)
  return typeof row?.['full_name'] === 'string' && row['full_name'] !== '' ? row['full_name'].slice(0, 140) : user
}

const ESCAPED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const asHtml = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => ESCAPED[character] ?? character)
