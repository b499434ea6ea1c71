import { notFound, type DocType, type Document } from '@annex/protocol'
import type { DocumentId } from '../../backend/backend.ts'
import { fieldsWithin, readableLevels, visibleFields } from '../../policy/field-levels.ts'
import type { Principal } from '../../policy/principal.ts'
import { can } from '../../policy/role-rights.ts'
import { judged, readHeld, toWholeDocument, type Held, type Sight } from '../held.ts'
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
  const held = await readHeld(premises, premises.database.connection, doctype, name)
  if (!held) throw notFound(doctype.name, name.slice(0, 140))
  requireRight(premises, principal, doctype, 'read', judged(held))
  return answer(premises, principal, doctype, held)
}

/** The document as the principal may see it, in the shape its controller gives it. */
export function answer(premises: Premises, principal: Principal, doctype: DocType, held: Held): Document {
  const document = toWholeDocument(premises, doctype, held, sightOf(principal, doctype))
  return premises.controllers.get(doctype.name)?.shape?.(document) ?? document
}

function sightOf(principal: Principal, doctype: DocType): Sight {
  const levels = readableLevels(principal, doctype)
  return { visible: visibleFields(principal, doctype, 'read'), visibleInRows: (child) => fieldsWithin(child.fields, levels) }
}

/** A row is read as a part of its document: whoever may read that may read the row. */
async function readChildRow(premises: Premises, principal: Principal, child: DocType, name: string): Promise<Document> {
  // Whoever may read none of its documents does not learn which rows there are.
  if (premises.doctypes.parentsOf(child.name).every(({ doctype }) => can(principal, doctype, 'read') === 'no')) throw refusal(child, 'read')
  const { connection } = premises.database
  const row = await premises.store.readRow(connection, child, name)
  const parent = row && premises.doctypes.get(String(row['parenttype']))
  const held = parent && (await readHeld(premises, connection, parent, String(row['parent'])))
  if (!held) throw notFound(child.name, name.slice(0, 140))
  requireRight(premises, principal, parent, 'read', judged(held))
  const rows = toWholeDocument(premises, parent, held, sightOf(principal, parent))[String(row['parentfield'])]
  const seen = Array.isArray(rows) ? (rows as readonly Document[]).find((line) => line.name === row.name) : undefined
  if (!seen) throw refusal(child, 'read', name)
  return seen
}
