import type { Connection } from '@annex/database'
import { FrappeError } from '@annex/protocol'
import { findPointing, holdersOf, type PointsAt } from '../link-store.ts'
import type { Principal } from '../../policy/principal.ts'
import { readSeen } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { fieldOf } from '../shape.ts'

/** @throws {FrappeError} `LinkExistsError` naming one document that links there */
export async function refusePointedAt(premises: Premises, connection: Connection, principal: Principal, to: PointsAt): Promise<void> {
  for (const pointer of holdersOf(premises, to.doctype.name)) {
    const found = await findPointing(connection, pointer, to)
    if (!found) continue
    const act = to.docstatus === undefined ? 'removed' : 'cancelled'
    const holder = await nameFor(premises, connection, principal, found)
    const message = `${to.doctype.name} ${to.name} cannot be ${act}: ${holder} links to it; change that document first`
    throw new FrappeError('LinkExistsError', message, { messages: [message, ...adviceFor(to)] })
  }
}

/** A document that the row filters of the caller's app keep from it is not named; nor, to such an app, one that its user may not read. */
async function nameFor(premises: Premises, connection: Connection, principal: Principal, found: Pointing): Promise<string> {
  const doctype = premises.doctypes.get(found.doctype)
  const isNamed = doctype !== undefined && (await readSeen(premises, connection, principal, doctype, found.name)) !== undefined
  return isNamed ? `${found.doctype} ${found.name}` : `another ${found.doctype}`
}

type Pointing = NonNullable<Awaited<ReturnType<typeof findPointing>>>

/** What may be done instead of a removal. */
function adviceFor({ doctype, docstatus }: PointsAt): string[] {
  const canBeOff = ['enabled', 'disabled'].some((fieldname) => fieldOf(doctype, fieldname)?.fieldtype === 'Check')
  return docstatus === undefined && canBeOff ? [`You can disable this ${doctype.name} instead of removing it.`] : []
}
