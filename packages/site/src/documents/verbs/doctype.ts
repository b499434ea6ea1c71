import type { DocType } from '@annex/protocol'
import { listAccess } from '../../policy/field-levels.ts'
import type { Principal } from '../../policy/principal.ts'
import { can } from '../../policy/role-rights.ts'
import { refusal, requireDocType } from '../permit.ts'
import type { Premises } from '../premises.ts'

/** A DocType's definition is open to whoever may see some of its documents, or make one. */
export function readDocType(premises: Premises, principal: Principal, name: string): DocType {
  const doctype = requireDocType(premises, principal, name, 'select')
  if (mayKnow(premises, principal, doctype)) return doctype
  throw refusal(doctype, 'read')
}

export function mayKnow(premises: Premises, principal: Principal, doctype: DocType): boolean {
  const documents = doctype.istable ? premises.doctypes.parentsOf(doctype.name).map((parent) => parent.doctype) : [doctype]
  return documents.some((known) => listAccess(principal, known) !== 'none' || can(principal, known, 'create') !== 'no')
}
