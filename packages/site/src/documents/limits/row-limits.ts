import { FrappeError, invalid, isColumn, type DocType, type FieldPath } from '@annex/protocol'
import { sql, type RawBuilder } from 'kysely'
import { treeParentField } from '../../doctypes/definition/tree-parent-field.ts'
import { limitedDoctypes, limitsIn, type Reference, type RowLimits } from '../../policy/row-filters.ts'
import { tableOf } from '../document-store.ts'
import type { Premises } from '../premises.ts'
import { standardFieldsOf, toColumn, type Column } from '../query/query-columns.ts'
import { conditions, type FilterColumns } from '../query/query-filters.ts'
import type { Tree } from '../query/tree-condition.ts'
import { fieldOf } from '../shape.ts'

type Condition = RawBuilder<unknown>

const NOTHING = sql`1 = 0`
/** A comment on a task about a document is found with the document; what is said of what is said of that is not followed. */
const DEEPEST = 2

/**
 * What holds an app to its row filters, as conditions on the table with that alias. A filter that the DocType as it stands
 * cannot be asked by (its field is gone) lets nothing through.
 */
export function rowsWithin(premises: Premises, limits: RowLimits, doctype: DocType, alias: string, depth = 0): Condition[] {
  const about = limits.about ? spokenOf(premises, limits, limits.about, alias, depth) : []
  return [...ownFilters(premises, limits, doctype, alias), ...about]
}

function ownFilters(premises: Premises, { filters }: RowLimits, doctype: DocType, alias: string): Condition[] {
  try {
    return conditions(premises, new OwnColumns(premises, doctype, alias), filters)
  } catch (error) {
    if (error instanceof FrappeError) return [NOTHING]
    throw error
  }
}

function spokenOf(premises: Premises, { all }: RowLimits, { type, name, gone }: Reference, alias: string, depth: number): Condition[] {
  const column = sql.ref(`${alias}.${type}`)
  const closed: string[] = []
  const open: Condition[] = []
  for (const target of limitedDoctypes(all)) {
    const within = gone === true ? undefined : reachedOf(premises, all, target, depth + 1)
    if (!within) closed.push(target)
    else
      open.push(
        sql`(${column} is null or ${column} <> ${target} or ${isNone(alias, name)} or exists (${within(sql.ref(`${alias}.${name}`))}))`,
      )
  }
  return closed.length > 0 ? [sql`(${column} is null or ${column} not in (${sql.join(closed)}))`, ...open] : open
}

const isNone = (alias: string, name: string): Condition =>
  sql`${sql.ref(`${alias}.${name}`)} is null or ${sql.ref(`${alias}.${name}`)} = ''`

/** The documents of a limited DocType that are reached, of the name given; undefined when none can be. */
function reachedOf(premises: Premises, all: RowLimits['all'], target: string, depth: number): ((name: Condition) => Condition) | undefined {
  const doctype = premises.doctypes.get(target)
  const limits = limitsIn(all, target)
  if (!doctype || !limits || doctype.virtual || doctype.issingle || (limits.about && depth > DEEPEST)) return undefined
  const alias = `w${depth}`
  const held = rowsWithin(premises, limits, doctype, alias, depth)
  // Primary key (name).
  return (name) =>
    sql`select 1 from ${tableOf(doctype)} as ${sql.id(alias)} where ${sql.join([sql`${sql.ref(`${alias}.name`)} = ${name}`, ...held], sql` and `)}`
}

/** The columns of one table, whoever asks: what an app is held to is no field that it must be allowed to see. */
class OwnColumns implements FilterColumns {
  readonly #premises: Premises
  readonly #doctype: DocType
  readonly #alias: string

  constructor(premises: Premises, doctype: DocType, alias: string) {
    this.#premises = premises
    this.#doctype = doctype
    this.#alias = alias
  }

  column({ via, doctype, fieldname }: FieldPath): Column {
    const standard = standardFieldsOf(this.#doctype.istable).get(fieldname)
    const field = standard ?? fieldOf(this.#doctype, fieldname)
    const isElsewhere = via !== undefined || (doctype !== undefined && doctype !== this.#doctype.name)
    if (isElsewhere || !field || !isColumn(field) || field.fieldtype === 'Password')
      throw invalid(`${this.#doctype.name} has no field ${fieldname} to filter its rows by`)
    const key = `${this.#alias}.${fieldname}`
    return toColumn({ expression: sql.ref(key), doctype: this.#doctype, field, key, required: standard !== undefined }, this.#premises.zone)
  }

  /** As it grows, and not as the caller sees it. */
  tree({ doctype, field }: Column): Tree {
    const target = field.fieldtype === 'Link' ? this.#premises.doctypes.require(field.options) : doctype
    const parentField = treeParentField(target)
    if (parentField === undefined || (field.fieldname !== 'name' && field.fieldtype !== 'Link'))
      throw invalid(`${target.name} is not a tree`)
    return { doctype: target, parentField, held: () => [] }
  }
}
