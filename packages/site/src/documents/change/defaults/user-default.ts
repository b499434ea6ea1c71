import type { DocField, DocType } from '@annex/protocol'
import { isAdministrator, type Principal, type UserPermission } from '../../../policy/principal.ts'

/**
 * What a Link field of a new document holds where nobody says: the document that a user permission makes the default, or
 * the only one that the user is held to.
 */
export function userDefaultOf(principal: Principal, doctype: DocType, field: DocField): string | undefined {
  if (field.options === 'User') return undefined
  const permissions = permissionsOn(principal, doctype, field)
  const values = new Set(permissions.map(({ for_value }) => for_value))
  const chosen = permissions.find(({ is_default }) => is_default)?.for_value
  return chosen ?? (values.size === 1 ? permissions[0]?.for_value : undefined)
}

const NONE: readonly UserPermission[] = []

/** The user permissions that say to which documents a Link field of a DocType may point. */
export function permissionsOn(principal: Principal, doctype: DocType, field: DocField): readonly UserPermission[] {
  if (field.fieldtype !== 'Link' || field.ignore_user_permissions) return NONE
  if (principal.userPermissions.length === 0 || isAdministrator(principal)) return NONE
  return principal.userPermissions.filter(
    ({ allow, applicable_for }) => allow === field.options && (applicable_for === null || applicable_for === doctype.name),
  )
}
