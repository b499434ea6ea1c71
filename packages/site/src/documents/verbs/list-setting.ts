import { FrappeError, invalid, notPermitted, type DocType } from '@annex/protocol'
import { sql, type RawBuilder } from 'kysely'
import { listAccess } from '../../policy/field-levels.ts'
import { isAdministrator, type Principal } from '../../policy/principal.ts'
import { rowConditions } from '../../policy/row-conditions.ts'
import { isLimited } from '../../policy/row-filters.ts'
import { tableOf } from '../document-store.ts'
import { limitsOn } from '../limits/reached.ts'
import { childOf, refusal } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { rowsThatHold } from '../query/query-rows.ts'
import { Sources } from '../query/query-sources.ts'
import { tablesOf } from '../shape.ts'

/** What a list begins with: the tables that the caller may see, and the conditions that choose their rows. */
export interface ListSetting {
  readonly sources: Sources
  readonly held: readonly RawBuilder<unknown>[]
}

/** @throws {FrappeError} `PermissionError` when the caller may not list the DocType at all */
export function listSetting(premises: Premises, principal: Principal, doctype: DocType, parent?: string): ListSetting {
  if (doctype.virtual) throw new FrappeError('ValidationError', `${doctype.name} has no table: it can be listed by equal values alone`)
  if (doctype.issingle) throw invalid(`${doctype.name} is a Single and has no list; read ${doctype.name}/${doctype.name}`)
  if (doctype.istable) return rowsSetting(premises, principal, doctype, parent)
  const access = listAccess(principal, doctype)
  if (access === 'none') throw refusal(doctype, 'read')
  const conditions = rowConditions(principal, doctype, access, childOf(premises))
  return { sources: new Sources(premises, principal, doctype, access), held: rowsThatHold(premises, doctype, 't', conditions) }
}

/** Rows of a child table are seen by who may read their parents, when the caller says which DocType those are. */
function rowsSetting(premises: Premises, principal: Principal, child: DocType, parentName: string | undefined): ListSetting {
  const parents = premises.doctypes.parentsOf(child.name)
  const parent = parents.find(({ doctype }) => doctype.name === parentName)?.doctype
  const isFree = parents.every(({ doctype }) => !isLimited(principal, doctype.name)) && !isLimited(principal, child.name)
  if (!parent && isFree && isAdministrator(principal)) return { sources: new Sources(premises, principal, child, 'read'), held: [] }
  if (!parent)
    throw notPermitted(
      `${child.name} is a child table: name the DocType that has it as parent${parents[0] ? `, such as ${parents[0].doctype.name}` : ''}`,
    )
  if (listAccess(principal, parent) !== 'read') throw refusal(parent, 'read')
  const sources = new Sources(premises, principal, child, 'read', parent)
  return { sources, held: [heldByParents(premises, principal, child, parent), ...limitsOn(premises, principal, child, 't')] }
}

function heldByParents(premises: Premises, principal: Principal, child: DocType, parent: DocType): RawBuilder<unknown> {
  const levels = new Sources(premises, principal, parent, 'read').main.visible
  const fields = tablesOf(parent).filter((field) => field.options === child.name && levels.has(field.fieldname))
  if (fields.length === 0) throw refusal(parent, 'read')
  const rows = rowsThatHold(premises, parent, 'p', rowConditions(principal, parent, 'read', childOf(premises)))
  const own = sql`${sql.ref('t.parenttype')} = ${parent.name} and ${sql.ref('t.parentfield')} in (${sql.join(fields.map((field) => field.fieldname))})`
  if (rows.length === 0) return own
  // Primary key (name).
  return sql`${own} and exists (select 1 from ${tableOf(parent)} as ${sql.id('p')} where ${sql.ref('p.name')} = ${sql.ref('t.parent')} and ${sql.join(rows, sql` and `)})`
}
