import { notFound, type DocType, type Document } from '@annex/protocol'
import type { DocumentId } from '../../backend/backend.ts'
import { fieldsWithin, readableLevels, visibleFields } from '../../policy/field-levels.ts'
import type { Principal } from '../../policy/principal.ts'
import { canSome } from '../../policy/shares.ts'
import { unsavedSingle } from '../change/single.ts'
import { judged, readHeld, toWholeDocument, type Held, type Sight } from '../held.ts'
import { readReached, requireReached } from '../limits/reached.ts'
import { refusal, requireDocType, requireRight, requireSome } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { readVirtual } from './virtual.ts'

export async function readDocument(
  premises: Premises,
  principal: Principal,
  { doctype: doctypeName, name }: DocumentId,
): Promise<Document> {
  const doctype = requireDocType(premises, principal, doctypeName, 'read')
  if (doctype.istable) return readChildRow(premises, principal, doctype, name)
  requireSome(premises, principal, doctype, 'read', name)
  if (doctype.virtual) return readVirtual(premises, principal, doctype, name)
  if (doctype.issingle) return readSingle(premises, principal, doctype)
  const held = await readReached(premises, premises.database.connection, principal, doctype, name)
  if (!held) throw notFound(doctype.name, name.slice(0, 140))
  await requireRight(premises, premises.database.connection, principal, doctype, 'read', judged(held))
  return answer(premises, principal, doctype, held)
}

/** By any name; before it was ever saved it has its defaults, and no times. */
async function readSingle(premises: Premises, principal: Principal, doctype: DocType): Promise<Document> {
  const { connection } = premises.database
  await requireReached(premises, connection, principal, doctype, doctype.name)
  const stored = await readHeld(premises, connection, doctype, doctype.name)
  const held = stored ?? unsavedSingle(premises, doctype)
  await requireRight(premises, connection, principal, doctype, 'read', judged(held))
  const document = answer(premises, principal, doctype, held)
  return stored ? document : Object.assign(document, { creation: null, modified: null })
}

/** The document as the principal may see it, in the shape its controller gives it. */
export function answer(premises: Premises, principal: Principal, doctype: DocType, held: Held): Document {
  const document = toWholeDocument(premises, doctype, held, sightOf(principal, doctype))
  return premises.controllers.get(doctype.name)?.shape?.(document) ?? document
}

export function sightOf(principal: Principal, doctype: DocType): Sight {
  const levels = readableLevels(principal, doctype)
  return { visible: visibleFields(principal, doctype, 'read'), visibleInRows: (child) => fieldsWithin(child.fields, levels) }
}

/** A row is read as a part of its document: whoever may read that may read the row. */
async function readChildRow(premises: Premises, principal: Principal, child: DocType, name: string): Promise<Document> {
  // Whoever may read none of its documents does not learn which rows there are.
  if (premises.doctypes.parentsOf(child.name).every(({ doctype }) => !canSome(principal, doctype, 'read'))) throw refusal(child, 'read')
  const { connection } = premises.database
  const row = await premises.store.readRow(connection, child, name)
  const parent = row && premises.doctypes.get(String(row['parenttype']))
  const held = parent && (await readReached(premises, connection, principal, parent, String(row['parent'])))
  if (!held) throw notFound(child.name, name.slice(0, 140))
  await requireRight(premises, connection, principal, parent, 'read', judged(held))
  const seen = seenRow(premises, principal, parent, held, String(row['parentfield']), row.name)
  if (!seen) throw refusal(child, 'read', name)
  return seen
}

/** A row of a document as the principal may see it. */
export function seenRow(
  premises: Premises,
  principal: Principal,
  parent: DocType,
  held: Held,
  parentfield: string,
  name: string,
): Document | undefined {
  const rows = answer(premises, principal, parent, held)[parentfield]
  return Array.isArray(rows) ? (rows as readonly Document[]).find((line) => line.name === name) : undefined
}
