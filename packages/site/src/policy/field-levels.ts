import { fieldKind, type DocField, type DocType } from '@annex/protocol'
import { covers } from './covers.ts'
import type { Principal } from './principal.ts'
import { can, roleRights, type RoleRights } from './role-rights.ts'
import { mayBeShared } from './shares.ts'

/**
 * The levels of fields that the principal may read; those of child rows are judged by their parent's. A share gives
 * level 0 and no more: whoever reads by a share alone has, besides, the levels of their own roles' rows.
 */
export const readableLevels = (principal: Principal, doctype: DocType): ReadonlySet<number> => roleRights(principal, doctype).readLevels

/** The levels of fields that the principal may set; a value sent for another is not stored. */
export const writableLevels = (principal: Principal, doctype: DocType): ReadonlySet<number> => roleRights(principal, doctype).writeLevels

/**
 * How much of documents of a DocType a list may show: whole rows, what a link field shows, or nothing. An app whose scopes do not
 * let it read gets what a link field shows; that it may have so much is for whoever judges scopes.
 */
export function listAccess(principal: Principal, doctype: DocType): 'read' | 'select' | 'none' {
  const access = accessByRole(principal, doctype)
  return access === 'read' && !covers(principal, doctype, 'read') ? 'select' : access
}

function accessByRole(principal: Principal, doctype: DocType): 'read' | 'select' | 'none' {
  if (can(principal, doctype, 'read') !== 'no') return 'read'
  if (can(principal, doctype, 'select') !== 'no') return 'select'
  return mayBeShared(principal, doctype, 'read') ? 'read' : 'none'
}

const known = new WeakMap<RoleRights, Partial<Record<'read' | 'select', ReadonlySet<string>>>>()

/** Names of the fields that have a value and may be seen; with `select`, those that a link field shows. */
export function visibleFields(principal: Principal, doctype: DocType, access: 'read' | 'select'): ReadonlySet<string> {
  const rights = roleRights(principal, doctype)
  let fields = known.get(rights)
  if (!fields) known.set(rights, (fields = {}))
  return (fields[access] ??=
    access === 'read' ? fieldsWithin(doctype.fields, rights.readLevels) : fieldsWithin(shownInLinks(doctype), LOWEST))
}

const within = new WeakMap<readonly DocField[], WeakMap<ReadonlySet<number>, ReadonlySet<string>>>()

/** Names of the fields with a value at one of the levels. Kept for as long as both are, and the same set each time. */
export function fieldsWithin(fields: readonly DocField[], levels: ReadonlySet<number>): ReadonlySet<string> {
  let ofFields = within.get(fields)
  if (!ofFields) within.set(fields, (ofFields = new WeakMap()))
  let names = ofFields.get(levels)
  if (!names) {
    const seen = fields.filter((field) => fieldKind(field) !== undefined && levels.has(field.permlevel))
    ofFields.set(levels, (names = new Set(seen.map((field) => field.fieldname))))
  }
  return names
}

const LOWEST: ReadonlySet<number> = new Set([0])

const shownInLinks = (doctype: DocType): DocField[] => doctype.fields.filter((field) => isShownInLinks(doctype, field.fieldname))

/** Whether a link field shows it of the documents that it offers. */
export const isShownInLinks = (doctype: DocType, fieldname: string): boolean =>
  fieldname === 'name' || fieldname === doctype.title_field || doctype.search_fields.includes(fieldname)
