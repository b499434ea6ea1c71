import { isTableField, type DocType } from '@annex/protocol'
import { sql, type RawBuilder } from 'kysely'
import { ownerFields } from '../../policy/owners.ts'
import type { RowConditions } from '../../policy/row-conditions.ts'
import type { Allowed } from '../../policy/user-permissions.ts'
import { tableOf } from '../document-store.ts'
import { rowsWithin } from '../limits/row-limits.ts'
import type { Premises } from '../premises.ts'
import { fieldOf } from '../shape.ts'
import { isSharedWith } from '../shares/share-store.ts'

/** What policy asks of rows, as conditions that all must hold, on the table with that alias. */
export function rowsThatHold(premises: Premises, doctype: DocType, alias: string, conditions: RowConditions): RawBuilder<unknown>[] {
  const permitted = permittedRows(premises, doctype, alias, conditions)
  return conditions.limits ? [...permitted, ...rowsWithin(premises, conditions.limits, doctype, alias)] : permitted
}

function permittedRows(premises: Premises, doctype: DocType, alias: string, conditions: RowConditions): RawBuilder<unknown>[] {
  const byRole = conditions.sharedOnly === true ? [sql`1 = 0`] : heldByRole(premises, doctype, alias, conditions)
  if (conditions.shared === undefined || byRole.length === 0) return byRole
  const shared = isSharedWith(conditions.shared, doctype, alias)
  return conditions.sharedOnly === true ? [shared] : [sql`((${sql.join(byRole, sql` and `)}) or ${shared})`]
}

function heldByRole(premises: Premises, doctype: DocType, alias: string, conditions: RowConditions): RawBuilder<unknown>[] {
  if (conditions.owner !== undefined) return [isOwned(doctype, alias, conditions.owner)]
  const allowed = conditions.allowed.map((condition) => allows(premises, doctype, alias, condition))
  if (conditions.exempt === undefined || allowed.length === 0) return allowed
  return [sql`(${isOwned(doctype, alias, conditions.exempt)} or (${sql.join(allowed, sql` and `)}))`]
}

function isOwned(doctype: DocType, alias: string, user: string): RawBuilder<unknown> {
  const owned = ownerFields(doctype).map((fieldname) => sql`${sql.ref(`${alias}.${fieldname}`)} = ${user}`)
  return owned.length === 1 ? owned[0]! : sql`(${sql.join(owned, sql` or `)})`
}

function allows(premises: Premises, doctype: DocType, alias: string, allowed: Allowed): RawBuilder<unknown> {
  if (allowed.table !== undefined) return rowsAllow(premises, doctype, alias, allowed)
  const column = sql.ref(`${alias}.${allowed.fieldname}`)
  const among = sql`${column} in (${sql.join(allowed.values)})`
  return allowed.orEmpty ? sql`(${among} or ${column} is null or ${column} = '')` : among
}

/** No row of the table links elsewhere. */
function rowsAllow(premises: Premises, doctype: DocType, alias: string, { table, fieldname, values }: Allowed): RawBuilder<unknown> {
  const field = table === undefined ? undefined : fieldOf(doctype, table)
  if (!field || !isTableField(field)) return sql`1 = 1`
  const child = premises.doctypes.require(field.options)
  const column = sql.ref(`r.${fieldname}`)
  // Index (parent, parentfield, idx).
  return sql`not exists (select 1 from ${tableOf(child)} as ${sql.id('r')} where ${sql.ref('r.parent')} = ${sql.ref(`${alias}.name`)} and ${sql.ref('r.parentfield')} = ${field.fieldname} and ${sql.ref('r.parenttype')} = ${doctype.name} and ${column} <> '' and ${column} not in (${sql.join(values)}))`
}
