import type { Document } from '@annex/protocol'
import type { UpdateRequest } from '../../backend/backend.ts'
import type { Principal } from '../../policy/principal.ts'
import { controllerOf, DURABLE, refuseUnwritable, withReply } from '../change/act.ts'
import { nameWithin } from '../change/single.ts'
import { requireDocType, requireSome } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { changeDocument } from './change-document.ts'
import { updateRow } from './child-row.ts'
import { answer } from './read.ts'

/** Changes the fields that were sent; a docstatus among them submits or cancels. */
export async function updateDocument(
  premises: Premises,
  principal: Principal,
  { doctype: doctypeName, name, values }: UpdateRequest,
): Promise<Document> {
  const doctype = requireDocType(premises, principal, doctypeName, 'write')
  if (doctype.istable) return updateRow(premises, principal, doctype, name, values)
  refuseUnwritable(premises, doctype)
  requireSome(premises, principal, doctype, 'write', name)
  const updated = await premises.database.transaction(async (connection) => {
    const { written, reply } = await changeDocument(premises, connection, principal, doctype, nameWithin(doctype, name), { sent: values })
    return withReply(answer(premises, principal, doctype, written), reply)
  }, DURABLE)
  await controllerOf(premises, doctype)?.afterCommit?.()
  return updated
}
