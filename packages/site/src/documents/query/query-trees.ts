import { invalid, notPermitted, type DocType, type TreeOperator } from '@annex/protocol'
import { sql, type RawBuilder } from 'kysely'
import { listAccess, visibleFields } from '../../policy/field-levels.ts'
import { treeParentField } from '../../doctypes/definition/tree-parent-field.ts'
import type { Principal } from '../../policy/principal.ts'
import { rowConditions } from '../../policy/row-conditions.ts'
import { tableOf } from '../document-store.ts'
import { childOf, refusal } from '../permit.ts'
import type { Premises } from '../premises.ts'
import { fieldOf } from '../shape.ts'
import { rowsThatHold } from './query-rows.ts'

/** Documents of which each names the one above it. */
export interface Tree {
  readonly doctype: DocType
  readonly parentField: string
  /** What policy asks of each document on the way, on the table with that alias. */
  readonly held: (alias: string) => readonly RawBuilder<unknown>[]
}

/**
 * The tree that documents of a DocType form, as far as the caller may see it.
 *
 * @param listed - the DocType whose list asks, for user permissions that hold for one DocType
 * @throws {FrappeError} `ValidationError` when it is no tree, `PermissionError` when the caller may not see its documents or what is above them
 */
export function treeOf(premises: Premises, principal: Principal, doctype: DocType, listed: DocType): Tree {
  const access = listAccess(principal, doctype)
  if (access === 'none') throw refusal(doctype, 'read')
  const parentField = treeParentField(doctype)
  const field = parentField === undefined ? undefined : fieldOf(doctype, parentField)
  if (!parentField || !field || doctype.istable || doctype.virtual)
    throw invalid(`${doctype.name} is not a tree: its documents have no ancestors and no descendants`)
  if (!visibleFields(principal, doctype, access).has(parentField))
    throw notPermitted(`You may not filter, sort or group by ${field.label} of ${doctype.name}, and a tree is walked by it; leave it out`)
  const conditions = rowConditions(principal, doctype, access, childOf(premises), doctype === listed ? undefined : listed.name)
  return { doctype, parentField, held: (alias) => rowsThatHold(premises, doctype, alias, conditions) }
}

/**
 * Whether a column names a node above or below the one given. A document that the caller may not see is as one that is not
 * there: nothing is above or below it, and the way does not lead through it.
 *
 * `union` keeps each node once, so that a circle of parents ends.
 */
export function treeCondition(tree: Tree, column: RawBuilder<unknown>, operator: TreeOperator, node: string): RawBuilder<unknown> {
  const nodes = operator.includes('ancestors') ? ancestors(tree, node) : descendants(tree, node)
  const others = operator.endsWith('(inclusive)') ? sql`` : sql` where name <> ${node}`
  const among = sql`${column} in (${nodes}${others})`
  // What names no node is not among them.
  return operator.startsWith('not ') ? sql`(${column} is null or not ${among})` : among
}

// Primary key (name), then the index of the link field (parent).
const descendants = (tree: Tree, node: string): RawBuilder<unknown> => sql`with recursive tree(name) as (
  select d.name from ${tableOf(tree.doctype)} as d where ${all([sql`d.name = ${node}`, ...tree.held('d')])}
  union select d.name from tree join ${tableOf(tree.doctype)} as d on ${sql.ref(`d.${tree.parentField}`)} = tree.name
  ${held(tree)}) select name from tree`

// Primary key (name), at each step.
const ancestors = (tree: Tree, node: string): RawBuilder<unknown> => sql`with recursive tree(name, above) as (
  select d.name, ${parentOf(tree)} from ${tableOf(tree.doctype)} as d where ${all([sql`d.name = ${node}`, ...tree.held('d')])}
  union select d.name, ${parentOf(tree)} from tree join ${tableOf(tree.doctype)} as d on d.name = tree.above
  ${held(tree)}) select name from tree`

const parentOf = (tree: Tree): RawBuilder<unknown> => sql.ref(`d.${tree.parentField}`)
const held = (tree: Tree): RawBuilder<unknown> => {
  const conditions = tree.held('d')
  return conditions.length > 0 ? sql`where ${all(conditions)}` : sql``
}
const all = (conditions: readonly RawBuilder<unknown>[]): RawBuilder<unknown> => sql.join(conditions, sql` and `)
