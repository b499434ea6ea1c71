import type { Connection } from '@annex/database'
import type { DocType } from '@annex/protocol'
import type { Premises } from '../premises.ts'
import { holdMirror, updateMirror, type Mirror } from './mirror-store.ts'

/** Whether the DocType's documents are rows of its own table, beside which something can be kept. */
export const hasMirrors = (doctype: DocType | undefined): doctype is DocType =>
  doctype !== undefined && !doctype.virtual && !doctype.istable && !doctype.issingle

/**
 * Alters what stands beside a document. Whoever does the same at the same time waits, so that nothing is lost.
 *
 * @param alter - from the text as it stands to the text to be
 */
export async function alterMirror(
  premises: Premises,
  connection: Connection,
  { doctype: doctypeName, name }: { readonly doctype: string; readonly name: string },
  mirror: Mirror,
  alter: (text: string | null) => string | null | Promise<string | null>,
): Promise<void> {
  const doctype = premises.doctypes.get(doctypeName)
  if (!hasMirrors(doctype)) return
  const held = await holdMirror(connection, premises.dialect, doctype, name, mirror)
  if (!held) return
  const text = await alter(held.text)
  if (text !== held.text) await updateMirror(connection, doctype, name, mirror, text)
}

/** The entries of a mirror that is a JSON array; none when it is something else. */
export function entriesOf(text: string | null): readonly unknown[] {
  try {
    const entries: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(entries) ? entries : []
  } catch {
    return []
  }
}
