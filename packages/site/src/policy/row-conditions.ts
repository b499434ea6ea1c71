import type { DocType, Right } from '@annex/protocol'
import type { Principal } from './principal.ts'
import { can, roleRights } from './role-rights.ts'
import { rowLimits, type RowLimits } from './row-filters.ts'
import { mayBeShared } from './shares.ts'
import { allowedBy, type Allowed, type ChildOf } from './user-permissions.ts'

/** What a list adds to its query, so that it finds exactly the documents on which the right holds. */
export interface RowConditions {
  /** Documents of this owner alone. */
  readonly owner?: string
  /** Every one of these must hold… */
  readonly allowed: readonly Allowed[]
  /** …except on documents of this owner. */
  readonly exempt?: string
  /** Documents that are shared with this user are found besides, whatever else holds. */
  readonly shared?: string
  /** Roles give the right on no document: the shared ones alone are found. */
  readonly sharedOnly?: boolean
  /** What the caller's app is held to besides, whoever owns or shares a document. */
  readonly limits?: RowLimits
}

/** The caller has judged that the principal has the right on some document. */
export function rowConditions(
  principal: Principal,
  doctype: DocType,
  right: Right,
  childOf: ChildOf,
  referenceDoctype?: string,
): RowConditions {
  const permitted = permittedRows(principal, doctype, right, childOf, referenceDoctype)
  const limits = rowLimits(principal, doctype.name)
  return limits ? { ...permitted, limits } : permitted
}

function permittedRows(
  principal: Principal,
  doctype: DocType,
  right: Right,
  childOf: ChildOf,
  referenceDoctype: string | undefined,
): RowConditions {
  const held = can(principal, doctype, right)
  const shared = mayBeShared(principal, doctype, right) ? { shared: principal.user } : {}
  if (held === 'no') return { allowed: [], sharedOnly: true, ...shared }
  if (held === 'own') return { owner: principal.user, allowed: [], ...shared }
  const allowed = allowedBy(principal, doctype, childOf, referenceDoctype)
  if (allowed.length === 0) return { allowed }
  return { allowed, ...(roleRights(principal, doctype).own.has(right) ? { exempt: principal.user } : {}), ...shared }
}
