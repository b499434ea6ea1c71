import type { TransactionOptions } from '@annex/database'
import { invalid, notPermitted, type DocType, type Document } from '@annex/protocol'
import type { Change, Controller } from '../../doctypes/controller.ts'
import type { Principal } from '../../policy/principal.ts'
import type { Act, Premises } from '../premises.ts'

/** @throws {FrappeError} for a DocType whose documents are not written by themselves */
export function refuseUnwritable(premises: Premises, doctype: DocType): void {
  if (doctype.virtual) throw notPermitted(`${doctype.name} is read-only: its documents are made by the site itself`)
  if (!doctype.istable) return
  const parent = premises.doctypes.parentsOf(doctype.name)[0]
  throw invalid(
    `${doctype.name} is a child table: change the rows of its document${parent ? `, such as ${parent.field.fieldname} of ${parent.doctype.name}` : ''}`,
  )
}

export const controllerOf = (premises: Premises, doctype: DocType): Controller | undefined => premises.controllers.get(doctype.name)

/** A document that was answered for is on the disk. */
export const DURABLE: TransactionOptions = { durable: true }

/** Tells the listeners of a change that was written; what one throws undoes it. */
export async function tell(premises: Premises, principal: Principal, act: Act, change: Change): Promise<void> {
  const { connection, doctype, document, previous } = change
  for (const listener of premises.listeners ?? [])
    await listener({ connection, act, doctype, principal, document, ...(previous ? { previous } : {}) })
}

/** The answer to a change: the document, with what its controller adds for this one time. */
export const withReply = (document: Document, reply: Record<string, unknown>): Document => Object.assign(document, reply)
