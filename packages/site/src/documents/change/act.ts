import type { TransactionOptions } from '@annex/database'
import { invalid, notPermitted, type DocType, type Document } from '@annex/protocol'
import type { Change, Controller } from '../../doctypes/controller.ts'
import { isFenced } from '../../policy/fence.ts'
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

/** What decides who may do what must not come back after a crash. */
export const durability = (doctype: DocType): TransactionOptions => ({ durable: isFenced(doctype.name) })

export async function tell(premises: Premises, act: Act, { connection, doctype, user, document, previous }: Change): Promise<void> {
  for (const listener of premises.listeners ?? [])
    await listener({ connection, act, doctype, user, document, ...(previous ? { previous } : {}) })
}

/** The answer to a change: the document, with what its controller adds for this one time. */
export const withReply = (document: Document, reply: Record<string, unknown>): Document => Object.assign(document, reply)
