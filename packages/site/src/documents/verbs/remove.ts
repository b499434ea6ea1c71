import type { Connection } from '@annex/database'
import { invalid, notFound, type DocType } from '@annex/protocol'
import type { DocumentId } from '../../backend/backend.ts'
import type { Change } from '../../doctypes/controller.ts'
import { giveBackName } from '../../doctypes/naming/name-for.ts'
import type { Principal } from '../../policy/principal.ts'
import { controllerOf, DURABLE, refuseUnwritable, tell } from '../change/act.ts'
import { keepDeleted } from '../change/deleted.ts'
import { refusePointedAt } from '../change/pointed-at.ts'
import { refuseSingle } from '../change/single.ts'
import { judged, toWholeDocument, type Held } from '../held.ts'
import { readReached } from '../limits/reached.ts'
import { requireDocType, requireRight, requireSome } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { removeSecrets } from '../secrets/secrets.ts'
import { tablesOf } from '../shape.ts'
import { removeRow } from './child-row.ts'

export async function removeDocument(premises: Premises, principal: Principal, { doctype: doctypeName, name }: DocumentId): Promise<void> {
  const doctype = requireDocType(premises, principal, doctypeName, 'delete')
  if (doctype.istable) return removeRow(premises, principal, doctype, name)
  refuseUnwritable(premises, doctype)
  refuseSingle(doctype, 'removed')
  requireSome(premises, principal, doctype, 'delete', name)
  await premises.database.transaction((connection) => remove(premises, connection, principal, doctype, name), DURABLE)
  await controllerOf(premises, doctype)?.afterCommit?.()
}

async function remove(premises: Premises, connection: Connection, principal: Principal, doctype: DocType, name: string): Promise<void> {
  const held = await readReached(premises, connection, principal, doctype, name, true)
  if (!held) throw notFound(doctype.name, name.slice(0, 140))
  await requireRight(premises, connection, principal, doctype, 'delete', judged(held))
  if (held.row.docstatus === 1) throw invalid(`${doctype.name} ${name} is submitted; cancel it before you remove it`)
  await removeHeld(premises, connection, principal, doctype, held, () =>
    refusePointedAt(premises, connection, principal, { doctype, name }),
  )
}

/**
 * Removes a document that the caller has read, locked and judged, with its rows; a Deleted Document keeps what it held.
 *
 * @param check - runs after its controller has put its own affairs in order
 */
export async function removeHeld(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  held: Held,
  check?: () => Promise<void>,
): Promise<void> {
  const { name } = held.row
  const document = toWholeDocument(premises, doctype, held)
  const change: Change = { connection, doctype, user: principal.user, document, previous: document, sent: {}, reply: {} }
  const controller = controllerOf(premises, doctype)
  await controller?.beforeRemove?.(change)
  await check?.()
  await keepDeleted(premises, connection, principal, document)
  for (const { fieldname, options } of tablesOf(doctype)) {
    await premises.store.removeRows(connection, premises.doctypes.require(options), {
      parent: name,
      parentfield: fieldname,
      parenttype: doctype.name,
    })
  }
  await premises.store.removeRow(connection, doctype, name)
  await removeSecrets(premises, connection, doctype, held)
  await giveBackName({ connection, doctype, name, values: document, now: held.row.creation, zone: premises.zone })
  await controller?.afterRemove?.(change)
  await tell(premises, principal, 'remove', change)
}
