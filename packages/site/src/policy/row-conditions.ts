import type { DocType, Right } from '@annex/protocol'
import type { Principal } from './principal.ts'
import { can, roleRights } from './role-rights.ts'
import { allowedBy, type Allowed, type ChildOf } from './user-permissions.ts'

/** What a list adds to its query, so that it finds exactly the documents on which the right holds. */
export interface RowConditions {
  /** Documents of this owner alone. */
  readonly owner?: string
  /** Every one of these must hold… */
  readonly allowed: readonly Allowed[]
  /** …except on documents of this owner. */
  readonly exempt?: string
}

/** The caller has judged that the right is not `no`. */
export function rowConditions(
  principal: Principal,
  doctype: DocType,
  right: Right,
  childOf: ChildOf,
  referenceDoctype?: string,
): RowConditions {
  if (can(principal, doctype, right) === 'own') return { owner: principal.user, allowed: [] }
  const allowed = allowedBy(principal, doctype, childOf, referenceDoctype)
  if (allowed.length === 0 || !roleRights(principal, doctype).own.has(right)) return { allowed }
  return { allowed, exempt: principal.user }
}
