import { invalid, notPermitted, type DocType } from '@annex/protocol'
import { listAccess, visibleFields } from '../../policy/field-levels.ts'
import { treeParentField } from '../../doctypes/definition/tree-parent-field.ts'
import type { Principal } from '../../policy/principal.ts'
import { rowConditions } from '../../policy/row-conditions.ts'
import { childOf, refusal } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { fieldOf } from '../shape.ts'
import { rowsThatHold } from './query-rows.ts'
import type { Tree } from './tree-condition.ts'

/**
 * The tree that documents of a DocType form, as far as the caller may see it.
 *
 * @param listed - the DocType whose list asks, for user permissions that hold for one DocType
 * @throws {FrappeError} `ValidationError` when it is no tree, `PermissionError` when the caller may not see its documents or what is above them
 */
export function treeOf(premises: Premises, principal: Principal, doctype: DocType, listed: DocType): Tree {
  const access = listAccess(principal, doctype)
  if (access === 'none') throw refusal(doctype, 'read')
  const parentField = treeParentField(doctype)
  const field = parentField === undefined ? undefined : fieldOf(doctype, parentField)
  if (!parentField || !field || doctype.istable || doctype.virtual)
    throw invalid(`${doctype.name} is not a tree: its documents have no ancestors and no descendants`)
  if (!visibleFields(principal, doctype, access).has(parentField))
    throw notPermitted(`You may not filter, sort or group by ${field.label} of ${doctype.name}, and a tree is walked by it; leave it out`)
  const conditions = rowConditions(principal, doctype, access, childOf(premises), doctype === listed ? undefined : listed.name)
  return { doctype, parentField, held: (alias) => rowsThatHold(premises, doctype, alias, conditions) }
}
