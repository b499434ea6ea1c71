import type { Connection } from '@annex/database'
import { invalid, notFound, type DocType } from '@annex/protocol'
import type { DocumentId } from '../../backend/backend.ts'
import type { Change } from '../../doctypes/controller.ts'
import { giveBackName } from '../../doctypes/naming/name-for.ts'
import type { Principal } from '../../policy/principal.ts'
import { controllerOf, durability, refuseUnwritable, tell } from '../change/act.ts'
import { refusePointedAt } from '../change/pointed-at.ts'
import { judged, readHeld, toWholeDocument } from '../held.ts'
import { requireDocType, requireRight, requireSome } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { tablesOf } from '../shape.ts'

export async function removeDocument(premises: Premises, principal: Principal, { doctype: doctypeName, name }: DocumentId): Promise<void> {
  const doctype = requireDocType(premises, principal, doctypeName, 'delete')
  refuseUnwritable(premises, doctype)
  requireSome(premises, principal, doctype, 'delete', name)
  await premises.database.transaction((connection) => remove(premises, connection, principal, doctype, name), durability(doctype))
  await controllerOf(premises, doctype)?.afterCommit?.()
}

async function remove(premises: Premises, connection: Connection, principal: Principal, doctype: DocType, name: string): Promise<void> {
  const held = await readHeld(premises, connection, doctype, name, true)
  if (!held) throw notFound(doctype.name, name.slice(0, 140))
  requireRight(premises, principal, doctype, 'delete', judged(held))
  if (held.row.docstatus === 1) throw invalid(`${doctype.name} ${name} is submitted; cancel it before you remove it`)
  const document = toWholeDocument(premises, doctype, held)
  const change: Change = { connection, doctype, user: principal.user, document, previous: document, sent: {}, reply: {} }
  const controller = controllerOf(premises, doctype)
  await controller?.beforeRemove?.(change)
  await refusePointedAt(premises, connection, { doctype, name })
  for (const { fieldname, options } of tablesOf(doctype)) {
    await premises.store.removeRows(connection, premises.doctypes.require(options), {
      parent: name,
      parentfield: fieldname,
      parenttype: doctype.name,
    })
  }
  await premises.store.removeRow(connection, doctype, name)
  await giveBackName({ connection, doctype, name, values: document })
  await controller?.afterRemove?.(change)
  await tell(premises, 'remove', change)
}
