import type { Connection } from '@annex/database'
import { FrappeError } from '@annex/protocol'
import { findPointing, holdersOf, type PointsAt } from '../link-store.ts'
import type { Premises } from '../premises.ts'
import { fieldOf } from '../shape.ts'

/** @throws {FrappeError} `LinkExistsError` naming one document that links there */
export async function refusePointedAt(premises: Premises, connection: Connection, to: PointsAt): Promise<void> {
  for (const pointer of holdersOf(premises, to.doctype.name)) {
    const found = await findPointing(connection, pointer, to)
    if (!found) continue
    const act = to.docstatus === undefined ? 'removed' : 'cancelled'
    const message = `${to.doctype.name} ${to.name} cannot be ${act}: ${found.doctype} ${found.name} links to it; change that document first`
    throw new FrappeError('LinkExistsError', message, { messages: [message, ...adviceFor(to)] })
  }
}

/** What may be done instead of a removal. */
function adviceFor({ doctype, docstatus }: PointsAt): string[] {
  const canBeOff = ['enabled', 'disabled'].some((fieldname) => fieldOf(doctype, fieldname)?.fieldtype === 'Check')
  return docstatus === undefined && canBeOff ? [`You can disable this ${doctype.name} instead of removing it.`] : []
}
