import type { DocType, Right } from '@annex/protocol'
import type { Principal } from './principal.ts'
import { can } from './role-rights.ts'

/** The rights that a share of one document gives, in the order of its form. */
export const SHARED_RIGHTS = ['read', 'write', 'submit', 'share'] as const
export type SharedRight = (typeof SHARED_RIGHTS)[number]

const GIVEN_BY: Readonly<Partial<Record<Right, SharedRight>>> = {
  read: 'read',
  write: 'write',
  submit: 'submit',
  share: 'share',
  select: 'read',
  print: 'read',
  email: 'read',
}

/** The right of a share that gives this one; undefined for what is never shared: to create, to delete, to cancel. */
export const sharedRightFor = (right: Right): SharedRight | undefined => GIVEN_BY[right]

/** Whether documents of the DocType can be shared: rows follow their document, and virtual documents are listed by role alone. */
export const isShareable = (doctype: DocType): boolean => !doctype.virtual && !doctype.istable

/** Whether a share could give the principal the right on some document of the DocType. */
export function mayBeShared(principal: Principal, doctype: DocType, right: Right): boolean {
  if (!principal.sharedDoctypes.has(doctype.name) || !isShareable(doctype)) return false
  return sharedRightFor(right) !== undefined && (right !== 'submit' || doctype.is_submittable)
}

/** Whether the principal may have the right on some document of the DocType, by role or by share. */
export const canSome = (principal: Principal, doctype: DocType, right: Right): boolean =>
  can(principal, doctype, right) !== 'no' || mayBeShared(principal, doctype, right)

/** The principal where no document is shared with them: shares of this site say nothing of another site's documents. */
export const withoutShares = (principal: Principal): Principal =>
  principal.sharedDoctypes.size === 0 ? principal : { ...principal, sharedDoctypes: NONE }

const NONE: ReadonlySet<string> = new Set()
