import type { DocType, TreeOperator } from '@annex/protocol'
import { sql, type RawBuilder } from 'kysely'
import { tableOf } from '../document-store.ts'

/** Documents of which each names the one above it. */
export interface Tree {
  readonly doctype: DocType
  readonly parentField: string
  /** What policy asks of each document on the way, on the table with that alias. */
  readonly held: (alias: string) => readonly RawBuilder<unknown>[]
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
