import { isTableField, type DocType } from '@annex/protocol'
import { isAdministrator, type Principal } from './principal.ts'

/** One thing that user permissions ask of a document: a field whose value must be among those allowed. */
export interface Allowed {
  /** The field, or `name`. */
  readonly fieldname: string
  /** The table field in whose rows it stands; absent for the document's own fields. */
  readonly table?: string
  readonly values: readonly string[]
  /** An empty link restricts nothing; a name is never empty. */
  readonly orEmpty: boolean
}

/** Finds the DocType of a table field's rows. */
export type ChildOf = (name: string) => DocType | undefined

/**
 * What the principal's user permissions ask of documents of this DocType.
 *
 * `referenceDoctype` is the form in which a link is chosen: a permission that holds for one DocType holds there.
 */
export function allowedBy(principal: Principal, doctype: DocType, childOf: ChildOf, referenceDoctype?: string): readonly Allowed[] {
  if (principal.userPermissions.length === 0 || isAdministrator(principal)) return NONE
  const own = valuesFor(principal, doctype.name, referenceDoctype ?? doctype.name)
  const named = own ? [{ fieldname: 'name', values: own, orEmpty: false }] : []
  const rows = doctype.fields.filter(isTableField).flatMap((field) => linksOf(principal, doctype, childOf(field.options), field.fieldname))
  return [...named, ...linksOf(principal, doctype, doctype), ...rows]
}

const NONE: readonly Allowed[] = []

function linksOf(principal: Principal, judged: DocType, holder: DocType | undefined, table?: string): Allowed[] {
  const links = (holder?.fields ?? []).filter((field) => field.fieldtype === 'Link' && !field.ignore_user_permissions)
  return links.flatMap((field) => {
    const values = valuesFor(principal, field.options, judged.name)
    return values ? [{ fieldname: field.fieldname, values, orEmpty: true, ...(table === undefined ? {} : { table }) }] : []
  })
}

/** The names that the principal is held to, or undefined when no permission speaks of that DocType. */
function valuesFor(principal: Principal, allow: string, applicableTo: string): readonly string[] | undefined {
  const permissions = principal.userPermissions.filter(
    (permission) => permission.allow === allow && (permission.applicable_for === null || permission.applicable_for === applicableTo),
  )
  return permissions.length === 0 ? undefined : [...new Set(permissions.map((permission) => permission.for_value))]
}
