import type { Connection } from '@annex/database'
import type { DocField, DocType, Values } from '@annex/protocol'
import type { Principal } from '../../../policy/principal.ts'
import { judged, readHeld } from '../../held.ts'
import { hasRight } from '../../permit.ts'
import type { Premises } from '../../premises.ts'
import { columnsOf, tablesOf } from '../../shape.ts'
import { permissionsOn, userDefaultOf } from './user-default.ts'

/**
 * What the user has set for Link fields by their names (`frappe.client.set_default`), for those fields of a new document and
 * its rows that may be filled so. A default that names no document, or one that the user may not see, is left out: it was
 * set once, and must not keep documents from being made.
 *
 * @param levels - of fields that the user may set
 */
export async function keptDefaults(
  premises: Premises,
  connection: Connection,
  principal: Principal,
  doctype: DocType,
  sent: Values,
  levels: ReadonlySet<number>,
): Promise<ReadonlyMap<DocField, string>> {
  const kept = principal.defaults
  if (!kept) return NOTHING
  const usable = new Map<DocField, string>()
  for (const field of fillable(premises, doctype, sent)) {
    const value = kept.get(field.fieldname)
    if (value === undefined || !levels.has(field.permlevel) || userDefaultOf(principal, doctype, field) !== undefined) continue
    if (isAllowed(principal, doctype, field, value) && (await isSeen(premises, connection, principal, field.options, value)))
      usable.set(field, value)
  }
  return usable
}

const NOTHING: ReadonlyMap<DocField, string> = new Map()

/** Whom a document is about is not guessed, as in Frappe; nor what it amends. */
const isFillable = (field: DocField): boolean =>
  field.fieldtype === 'Link' && field.options !== 'User' && field.fieldname !== 'amended_from'

function fillable(premises: Premises, doctype: DocType, sent: Values): DocField[] {
  const own = columnsOf(doctype).filter((field) => isFillable(field) && (sent[field.fieldname] ?? null) === null)
  const inRows = tablesOf(doctype)
    .filter((table) => Array.isArray(sent[table.fieldname]))
    .flatMap((table) => columnsOf(premises.doctypes.require(table.options)).filter(isFillable))
  return [...new Set([...own, ...inRows])]
}

function isAllowed(principal: Principal, doctype: DocType, field: DocField, value: string): boolean {
  const permissions = permissionsOn(principal, doctype, field)
  return permissions.length === 0 || permissions.some(({ for_value }) => for_value === value)
}

async function isSeen(premises: Premises, connection: Connection, principal: Principal, target: string, name: string): Promise<boolean> {
  const doctype = premises.doctypes.get(target)
  if (!doctype || doctype.virtual || doctype.istable) return false
  const held = await readHeld(premises, connection, doctype, name)
  if (!held || held.row.docstatus === 2) return false
  for (const right of ['read', 'select'] as const)
    if (await hasRight(premises, connection, principal, doctype, right, judged(held))) return true
  return false
}
