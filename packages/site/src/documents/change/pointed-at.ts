import type { Connection } from '@annex/database'
import { FrappeError } from '@annex/protocol'
import { findPointing, pointersTo, type PointsAt } from '../link-store.ts'
import type { Premises } from '../premises.ts'

/** @throws {FrappeError} `LinkExistsError` naming one document that links there */
export async function refusePointedAt(premises: Premises, connection: Connection, to: PointsAt): Promise<void> {
  for (const pointer of pointersTo(premises, to.doctype.name)) {
    const found = await findPointing(connection, pointer, to)
    if (!found) continue
    const act = to.docstatus === undefined ? 'removed' : 'cancelled'
    throw new FrappeError(
      'LinkExistsError',
      `${to.doctype.name} ${to.name} cannot be ${act}: ${found.doctype} ${found.name} links to it; change that document first`,
    )
  }
}
