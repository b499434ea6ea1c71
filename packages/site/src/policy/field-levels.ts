import { fieldKind, type DocField, type DocType } from '@annex/protocol'
import type { Principal } from './principal.ts'
import { can, roleRights } from './role-rights.ts'

/** The levels of fields that the principal may read; those of child rows are judged by their parent's. */
export const readableLevels = (principal: Principal, doctype: DocType): ReadonlySet<number> => roleRights(principal, doctype).readLevels

/** The levels of fields that the principal may set; a value sent for another is not stored. */
export const writableLevels = (principal: Principal, doctype: DocType): ReadonlySet<number> => roleRights(principal, doctype).writeLevels

/** How much of documents of a DocType a list may show: whole rows, what a link field shows, or nothing. */
export function listAccess(principal: Principal, doctype: DocType): 'read' | 'select' | 'none' {
  if (can(principal, doctype, 'read') !== 'no') return 'read'
  return can(principal, doctype, 'select') === 'no' ? 'none' : 'select'
}

/** Names of the fields that have a value and may be seen; with `select`, those that a link field shows. */
export function visibleFields(principal: Principal, doctype: DocType, access: 'read' | 'select'): ReadonlySet<string> {
  const levels = access === 'read' ? readableLevels(principal, doctype) : LOWEST
  const shown = access === 'read' ? doctype.fields : doctype.fields.filter((field) => isShownInLinks(doctype, field))
  return new Set(shown.filter((field) => fieldKind(field) !== undefined && levels.has(field.permlevel)).map((field) => field.fieldname))
}

const LOWEST: ReadonlySet<number> = new Set([0])

const isShownInLinks = (doctype: DocType, field: DocField): boolean =>
  field.fieldname === doctype.title_field || doctype.search_fields.includes(field.fieldname)
