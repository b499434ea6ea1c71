import type { Connection } from '@annex/database'
import { invalid, notFound, type DocType } from '@annex/protocol'
import type { DocumentId } from '../../backend/backend.ts'
import { checkName, namingField } from '../../doctypes/naming/name-for.ts'
import { hiddenColumns, searchedFields } from '../../doctypes/search-text.ts'
import type { Principal } from '../../policy/principal.ts'
import { durability, refuseUnwritable, tell } from '../change/act.ts'
import { naming } from '../change/duplicates.ts'
import { judged, readHeld, toWholeDocument, type Held } from '../held.ts'
import { listPointing, pointersTo, repoint, type Pointer, type PointsAt } from '../link-store.ts'
import { requireDocType, requireRight, requireSome } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { tablesOf } from '../shape.ts'

/** Gives a document another name, and points everything that links to it there; all in one transaction. */
export async function renameDocument(
  premises: Premises,
  principal: Principal,
  { doctype: doctypeName, name }: DocumentId,
  to: string,
): Promise<string> {
  const doctype = requireDocType(premises, principal, doctypeName, 'write')
  refuseUnwritable(premises, doctype)
  requireSome(premises, principal, doctype, 'write', name)
  if (!doctype.allow_rename) throw invalid(`${doctype.name}: documents of this DocType keep their names`)
  const newName = checkName(doctype, to)
  if (newName === name) throw invalid(`${doctype.name} ${name} has this name already; choose another`)
  await premises.database.transaction((connection) => rename(premises, connection, principal, doctype, name, newName), durability(doctype))
  return newName
}

async function rename(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  name: string,
  newName: string,
): Promise<void> {
  const held = await readHeld(premises, connection, doctype, name, true)
  if (!held) throw notFound(doctype.name, name.slice(0, 140))
  requireRight(premises, principal, doctype, 'write', judged(held))
  if (await premises.store.readRow(connection, doctype, newName))
    throw invalid(`${doctype.name} ${newName} exists already; choose another name`)
  const renamed = renamedOf(premises, principal, doctype, held, newName)
  const changes = { ...renamed.row, ...hiddenColumns(doctype, newName, renamed.row) }
  await naming(premises, doctype, newName, () => premises.store.updateRow(connection, doctype, name, changes))
  for (const { fieldname, options } of tablesOf(doctype)) {
    await premises.store.moveRows(
      connection,
      premises.doctypes.require(options),
      { parent: name, parentfield: fieldname, parenttype: doctype.name },
      newName,
    )
  }
  for (const pointer of pointersTo(premises, doctype.name)) await follow(premises, connection, pointer, { doctype, name }, newName)
  const documents = { document: toWholeDocument(premises, doctype, renamed), previous: toWholeDocument(premises, doctype, held) }
  await tell(premises, 'rename', { connection, doctype, user: principal.user, ...documents, sent: {}, reply: {} })
}

function renamedOf(premises: Premises, principal: Principal, doctype: DocType, { row, rows }: Held, newName: string): Held {
  const named = namingField(doctype)
  const next = {
    ...row,
    name: newName,
    modified: premises.clock.now(row.modified),
    modified_by: principal.user,
    ...(named === undefined ? {} : { [named]: newName }),
  }
  return { row: next, rows: new Map([...rows].map(([field, lines]) => [field, lines.map((line) => ({ ...line, parent: newName }))])) }
}

/** What link search knows of a document by one of its links changes with the link. */
async function follow(premises: Premises, connection: Connection, pointer: Pointer, to: PointsAt, newName: string): Promise<void> {
  const { doctype, field } = pointer
  const isSearched = !doctype.istable && searchedFields(doctype).includes(field.fieldname)
  const names = isSearched ? await listPointing(connection, pointer, to) : []
  await repoint(connection, pointer, to, newName)
  for (const name of names) {
    const row = await premises.store.readRow(connection, doctype, name)
    if (row) await premises.store.updateRow(connection, doctype, name, hiddenColumns(doctype, name, row))
  }
}
