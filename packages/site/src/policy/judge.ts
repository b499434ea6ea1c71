import { isRecord, type DocType, type Right } from '@annex/protocol'
import { isOwn } from './owners.ts'
import type { Principal } from './principal.ts'
import { roleRights } from './role-rights.ts'
import { allowedBy, type Allowed, type ChildOf } from './user-permissions.ts'

/** A document as far as a decision needs it: its name (absent before it has one), its owner, its links, its rows. */
export interface Judged {
  readonly name?: string | number
  readonly owner: string
  readonly [field: string]: unknown
}

export interface JudgeOptions {
  readonly childOf: ChildOf
  /** Rights at level 0 that the user has on this document besides those of their roles. */
  readonly ownRights?: readonly Right[]
}

/**
 * Whether the principal has the right on this very document.
 *
 * A user permission that fails takes every right but those that `if_owner` rows or `ownRights` give.
 */
export const judge = (principal: Principal, doctype: DocType, right: Right, document: Judged, options: JudgeOptions): boolean =>
  against(principal, doctype, right, document, options) === undefined

/** What says no to a right on a document: no role gives it, one gives it on the user's own alone, or a user permission fails. */
export type Against = { readonly by: 'role' } | { readonly by: 'owner' } | { readonly by: 'user permission'; readonly allowed: Allowed }

const NO_ROLE: Against = { by: 'role' }
const NOT_OWN: Against = { by: 'owner' }

/** As `judge`, with the reason; undefined when the principal has the right. */
export function against(
  principal: Principal,
  doctype: DocType,
  right: Right,
  document: Judged,
  options: JudgeOptions,
): Against | undefined {
  const rights = roleRights(principal, doctype)
  if (options.ownRights?.includes(right) === true) return undefined
  if (rights.own.has(right) && isOwn(doctype, document, principal.user)) return undefined
  if (!rights.all.has(right)) return rights.own.has(right) ? NOT_OWN : NO_ROLE
  const allowed = refusedBy(principal, doctype, document, options.childOf)
  return allowed && { by: 'user permission', allowed }
}

/** The first user permission that the document fails, for the message of a refusal. */
export function refusedBy(principal: Principal, doctype: DocType, document: Judged, childOf: ChildOf): Allowed | undefined {
  return allowedBy(principal, doctype, childOf).find((allowed) => !holds(allowed, document))
}

function holds(allowed: Allowed, document: Judged): boolean {
  if (allowed.table === undefined) return isAllowed(allowed, document[allowed.fieldname])
  const rows = document[allowed.table]
  return !Array.isArray(rows) || rows.every((row) => !isRecord(row) || isAllowed(allowed, row[allowed.fieldname]))
}

function isAllowed(allowed: Allowed, value: unknown): boolean {
  if (value === undefined) return true
  if (value === null || value === '') return allowed.orEmpty
  return allowed.values.includes(`${value as string | number}`)
}
