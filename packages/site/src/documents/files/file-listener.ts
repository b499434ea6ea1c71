import { invalid, type Document } from '@annex/protocol'
import type { Principal } from '../../policy/principal.ts'
import { judged, readHeld } from '../held.ts'
import { hasRight, requireRight, requireSome } from '../permit.ts'
import type { DocumentEvent, DocumentListener, Premises } from '../premises.ts'
import { isLocal, isPrivate, releasePlace } from './file-contents.ts'
import { nothingThere } from './file-controller.ts'
import { listAttached, listFilesAt, removeFileRows } from './file-store.ts'
import { isEverydayType } from './file-types.ts'

/**
 * What a change means for files: a File must be one that its writer may send, attach and point at;
 * what is attached to a document goes with it.
 */
export function fileListener(premises: () => Premises): DocumentListener {
  return async (event) => {
    const { act, doctype } = event
    if (doctype.name === 'File') return judgeFile(premises(), event)
    if (act === 'remove') await removeAttached(premises(), event)
  }
}

async function judgeFile(premises: Premises, event: DocumentEvent): Promise<void> {
  const { act, principal, document, previous } = event
  if (act !== 'insert' && act !== 'update') return
  const isNew = (field: string): boolean => document[field] !== previous?.[field]
  if (isNew('file_name')) refuseUnusualType(principal, document)
  if (isNew('attached_to_doctype') || isNew('attached_to_name')) await requireAttachable(premises, event)
  if (act === 'insert' && isPrivate(textOf(document['file_url']))) await requireShareable(premises, event)
}

const textOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

/** As in Frappe: people outside the desk send what people read. */
function refuseUnusualType({ roles }: Principal, document: Document): void {
  if (roles.has('Desk User') || !isLocal(textOf(document['file_url'])) || isEverydayType(textOf(document['file_name']))) return
  throw invalid('You may send images, PDF, text, CSV and office documents; ask a System Manager to send other files')
}

/** To attach is to change the document. One that is yet to be made may get files before: its writers alone may send them. */
async function requireAttachable(premises: Premises, { connection, principal, document }: DocumentEvent): Promise<void> {
  const [target, name] = [textOf(document['attached_to_doctype']), textOf(document['attached_to_name'])]
  if (target === '') {
    if (name !== '') throw invalid('attached_to_name needs attached_to_doctype beside it; send both')
    return
  }
  const doctype = premises.doctypes.get(target)
  if (!doctype || doctype.istable) throw invalid(`Files cannot be attached to ${target.slice(0, 140)} here; name a DocType of this site`)
  requireSome(premises, principal, doctype, 'write', name)
  const held = name === '' ? undefined : await readHeld(premises, connection, doctype, name)
  if (held) await requireRight(premises, connection, principal, doctype, 'write', judged(held))
}

/** Who points at a private file must have one there already, or may read one: an address alone opens nothing. */
async function requireShareable(premises: Premises, { connection, principal, doctype, document }: DocumentEvent): Promise<void> {
  const place = { url: textOf(document['file_url']), content_hash: textOf(document['content_hash']) }
  const others = (await listFilesAt(connection, place)).filter(({ name }) => name !== document.name)
  if (others.length === 0) return
  for (const other of others) if (await hasRight(premises, connection, principal, doctype, 'read', other)) return
  throw nothingThere()
}

async function removeAttached(premises: Premises, { connection, doctype, document }: DocumentEvent): Promise<void> {
  const files = await listAttached(connection, doctype.name, String(document.name))
  if (files.length === 0) return
  await removeFileRows(
    connection,
    files.map(({ name }) => name),
  )
  for (const { file_url: url } of files) await releasePlace(connection, premises.dialect, url ?? '')
}
