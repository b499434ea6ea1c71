import { notPermitted, type DocType, type FrappeError, type Right } from '@annex/protocol'
import { judge, refusedBy, type Judged } from '../policy/judge.ts'
import { isGuest, type Principal } from '../policy/principal.ts'
import { can } from '../policy/role-rights.ts'
import type { ChildOf } from '../policy/user-permissions.ts'
import type { Premises } from './premises.ts'

export const childOf =
  (premises: Premises): ChildOf =>
  (name) =>
    premises.doctypes.get(name)

/**
 * The DocType, for a caller who wants the right on its documents. A guest who has it on none is told the same of a DocType
 * that is there and of one that is not, or the answers would be a list of this site's DocTypes.
 *
 * @throws {FrappeError} `DoesNotExistError`; `PermissionError` for a guest
 */
export function requireDocType(premises: Premises, principal: Principal, name: string, right: Right): DocType {
  if (!isGuest(principal)) return premises.doctypes.require(name)
  const doctype = premises.doctypes.get(name)
  if (doctype && can(principal, doctype, right) !== 'no') return doctype
  throw refusal({ name: name.slice(0, 140) }, right)
}

const ownRights = (premises: Premises, principal: Principal, doctype: DocType, name: string | undefined): readonly Right[] =>
  (name === undefined ? undefined : premises.controllers.get(doctype.name)?.ownRights?.(principal.user, name)) ?? []

/** Refuses what no document of the DocType could allow, before any is looked for. */
export function requireSome(premises: Premises, principal: Principal, doctype: DocType, right: Right, name?: string): void {
  if (can(principal, doctype, right) !== 'no') return
  if (!ownRights(premises, principal, doctype, name).includes(right)) throw refusal(doctype, right, name)
}

/** @throws {FrappeError} `PermissionError` when the principal does not have the right on this very document */
export function requireRight(premises: Premises, principal: Principal, doctype: DocType, right: Right, document: Judged): void {
  const name = document.name === undefined ? undefined : String(document.name)
  const options = { childOf: childOf(premises), ownRights: ownRights(premises, principal, doctype, name) }
  if (judge(principal, doctype, right, document, options)) return
  const refused = can(principal, doctype, right) === 'no' ? undefined : refusedBy(principal, doctype, document, options.childOf)
  throw refused ? restricted(doctype, right, refused.fieldname) : refusal(doctype, right, name)
}

export function refusal(doctype: Pick<DocType, 'name'>, right: Right, name?: string): FrappeError {
  const what = name === undefined ? `documents of ${doctype.name}` : `${doctype.name} ${name.slice(0, 140)}`
  return notPermitted(`You need the '${right}' permission on ${what}; ask a System Manager for a role that has it`)
}

const restricted = (doctype: DocType, right: Right, fieldname: string): FrappeError =>
  notPermitted(
    `You need the '${right}' permission on this ${doctype.name}: a user permission restricts you to other values of ${fieldname}`,
  )
