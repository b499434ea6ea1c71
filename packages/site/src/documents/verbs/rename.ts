import type { Connection } from '@annex/database'
import { invalid, notFound, type DocType } from '@annex/protocol'
import type { DocumentId, RenameOptions } from '../../backend/backend.ts'
import { checkName, isCounted, namingField } from '../../doctypes/naming/name-for.ts'
import { hiddenColumns, searchedFields } from '../../doctypes/search-text.ts'
import type { Principal } from '../../policy/principal.ts'
import { controllerOf, DURABLE, refuseUnwritable, tell } from '../change/act.ts'
import { naming } from '../change/duplicates.ts'
import { refuseSingle } from '../change/single.ts'
import { detachFrom } from '../files/file-store.ts'
import { judged, readHeld, toWholeDocument, type Held } from '../held.ts'
import { readReached, refuseMoving, requireWithin } from '../limits/reached.ts'
import { listPointing, pointersTo, repoint, type Pointer, type PointsAt } from '../link-store.ts'
import { requireDocType, requireRight, requireSome } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { renameSecrets } from '../secrets/secrets.ts'
import { tablesOf } from '../shape.ts'
import { removeHeld } from './remove.ts'

/**
 * Gives a document another name, and points everything that links to it there; all in one transaction.
 *
 * To merge is to point it all at a document that has the name already, and to remove the one that had the other.
 */
export async function renameDocument(
  premises: Premises,
  principal: Principal,
  { doctype: doctypeName, name }: DocumentId,
  to: string,
  { merge = false }: RenameOptions,
): Promise<string> {
  const doctype = requireDocType(premises, principal, doctypeName, 'write')
  refuseUnwritable(premises, doctype)
  refuseSingle(doctype, 'renamed')
  requireSome(premises, principal, doctype, 'write', name)
  if (!doctype.allow_rename || isCounted(doctype)) throw invalid(`${doctype.name}: documents of this DocType keep their names`)
  const newName = merge ? to.trim() : checkName(doctype, to)
  if (newName === name) throw invalid(`${doctype.name} ${name} has this name already; choose another`)
  refuseMoving(premises, principal, doctype, merge ? 'merge' : 'rename')
  const act = merge ? mergeInto : rename
  await premises.database.transaction((connection) => act(premises, connection, principal, doctype, name, newName), DURABLE)
  if (merge) await controllerOf(premises, doctype)?.afterCommit?.()
  return newName
}

async function mergeInto(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  name: string,
  target: string,
): Promise<void> {
  const [held, kept] = await readBoth(premises, connection, principal, doctype, name, target)
  if (!held) throw notFound(doctype.name, name.slice(0, 140))
  for (const right of ['write', 'delete'] as const) await requireRight(premises, connection, principal, doctype, right, judged(held))
  if (!kept) throw invalid(`There is no ${doctype.name} ${target.slice(0, 140)} to merge ${name} into; name one that exists`)
  await requireRight(premises, connection, principal, doctype, 'write', judged(kept))
  if (held.row.docstatus === 1) throw invalid(`${doctype.name} ${name} is submitted; cancel it before you merge it`)
  const previous = toWholeDocument(premises, doctype, held)
  // With whom the one was shared does not say with whom the other may be.
  const pointers = pointersTo(premises, doctype.name).filter((pointer) => pointer.doctype.name !== 'DocShare')
  for (const pointer of pointers) await follow(premises, connection, pointer, { doctype, name }, target)
  await removeHeld(premises, connection, principal, doctype, held)
  const document = toWholeDocument(premises, doctype, (await readHeld(premises, connection, doctype, target)) ?? kept)
  await tell(premises, principal, 'rename', { connection, doctype, user: principal.user, document, previous, sent: {}, reply: {} })
}

/** Locks two documents, always in the same order, so that two merges at once do not wait for one another. */
async function readBoth(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  one: string,
  other: string,
): Promise<[Held | undefined, Held | undefined]> {
  const inOrder = one < other
  const first = await readReached(premises, connection, principal, doctype, inOrder ? one : other, true)
  const second = await readReached(premises, connection, principal, doctype, inOrder ? other : one, true)
  return inOrder ? [first, second] : [second, first]
}

async function rename(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  name: string,
  newName: string,
): Promise<void> {
  const held = await readReached(premises, connection, principal, doctype, name, true)
  if (!held) throw notFound(doctype.name, name.slice(0, 140))
  await requireRight(premises, connection, principal, doctype, 'write', judged(held))
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
  await renameSecrets(premises, connection, doctype, name, newName)
  await detachFrom(connection, doctype.name, newName, renamed.row.owner)
  for (const pointer of pointersTo(premises, doctype.name)) await follow(premises, connection, pointer, { doctype, name }, newName)
  await requireWithin(premises, connection, principal, doctype, newName)
  const documents = { document: toWholeDocument(premises, doctype, renamed), previous: toWholeDocument(premises, doctype, held) }
  await tell(premises, principal, 'rename', { connection, doctype, user: principal.user, ...documents, sent: {}, reply: {} })
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
  await naming(premises, doctype, newName, () => repoint(connection, pointer, to, newName))
  for (const name of names) {
    const row = await premises.store.readRow(connection, doctype, name)
    if (row) await premises.store.updateRow(connection, doctype, name, hiddenColumns(doctype, name, row))
  }
}
