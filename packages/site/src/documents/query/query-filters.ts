import { FrappeError, invalid, isTreeOperator, type FieldPath, type Filter } from '@annex/protocol'
import { sql, type RawBuilder } from 'kysely'
import { formatTimestamp, parseTimestamp } from '../../doctypes/values/timestamps.ts'
import type { Premises } from '../premises.ts'
import type { Column } from './query-columns.ts'
import { comparisonOf, isEmpty, isZero, operand, textOperand } from './query-operands.ts'
import { periodLike, rangeOf } from './query-ranges.ts'
import { treeCondition, type Tree } from './tree-condition.ts'

const MOST_FILTERS = 100
const MOST_VALUES = 5000
const NOTHING = sql`1 = 0`
const EVERYTHING = sql`1 = 1`

type Condition = RawBuilder<unknown>

/** What filters name: columns, and the trees that some of them hold nodes of. */
export interface FilterColumns {
  /** Undefined for a filter to be left out. */
  column(path: FieldPath, use: 'filter'): Column | undefined
  tree(column: Column): Tree
}

/**
 * Filters as conditions. Empty text and null are the same, as they are to Frappe; so are 0 and no number.
 *
 * @throws {FrappeError} `DataError`, `PermissionError`, or `ValidationError` for a value that is not of the field's kind
 */
export function conditions(premises: Premises, sources: FilterColumns, filters: readonly Filter[]): Condition[] {
  if (filters.length > MOST_FILTERS) throw invalid(`A list takes at most ${MOST_FILTERS} filters; use "in" for many values`)
  return filters.flatMap((filter) => {
    const column = sources.column(pathOf(filter), 'filter')
    if (!column) return []
    const { operator, value } = filter
    if (isTreeOperator(operator))
      return [treeCondition(sources.tree(column), column.expression, operator, textOperand(column.field, value ?? ''))]
    return [new Comparing(premises, column, filter).condition()]
  })
}

/** Back-quotes are for fields alone: the guard in front reads the name of a filter as it stands. */
function pathOf({ doctype, fieldname }: Filter): FieldPath {
  const found = /^(?:([A-Za-z_]\w*)\.)?([A-Za-z_]\w*)$/.exec(fieldname)
  if (!found) throw new FrappeError('DataError', `Field not permitted in query: ${fieldname.slice(0, 140)}`)
  if (found[1] !== undefined) return { via: found[1], fieldname: found[2]! }
  return doctype === undefined ? { fieldname } : { fieldname, doctype }
}

class Comparing {
  readonly #premises: Premises
  readonly #column: Column
  readonly #sql: RawBuilder<unknown>
  readonly #filter: Filter
  readonly #numeric: boolean
  readonly #text: boolean

  constructor(premises: Premises, column: Column, filter: Filter) {
    this.#premises = premises
    this.#column = column
    this.#sql = column.expression
    this.#filter = filter
    const comparison = comparisonOf(column.field)
    this.#text = comparison === 'text'
    this.#numeric = comparison === 'whole' || comparison === 'decimal'
  }

  condition(): Condition {
    const { operator, value } = this.#filter
    if (operator === '=') return this.#equal(value)
    if (operator === '!=') return this.#unequal(value)
    if (operator === 'like' || operator === 'not like') return this.#like(operator === 'not like')
    if (operator === 'in') return this.#in()
    if (operator === 'not in') return this.#notIn()
    if (operator === 'is') return this.#is()
    if (operator === '>' || operator === '<' || operator === '>=' || operator === '<=') return this.#compared(operator)
    return this.#between()
  }

  #operand(value: unknown): Condition {
    return operand(this.#column.field, value, this.#premises.zone)
  }

  /** Nothing is stored there, or what counts as nothing. */
  #unset(): Condition {
    const empty = this.#text ? sql`''` : this.#numeric ? sql`0` : undefined
    if (empty === undefined) return sql`${this.#sql} is null`
    return this.#column.required ? sql`${this.#sql} = ${empty}` : sql`(${this.#sql} is null or ${this.#sql} = ${empty})`
  }

  #isSet(): Condition {
    if (this.#text) return sql`${this.#sql} <> ''`
    return this.#numeric ? sql`${this.#sql} <> 0` : sql`${this.#sql} is not null`
  }

  #orNull(condition: Condition): Condition {
    return this.#column.required ? condition : sql`(${this.#sql} is null or ${condition})`
  }

  #equal(value: unknown): Condition {
    if (value === null || value === undefined) return NOTHING
    if (value === '' || (this.#numeric && isZero(value))) return this.#unset()
    return sql`${this.#sql} = ${this.#operand(value)}`
  }

  #unequal(value: unknown): Condition {
    if (isEmpty(value) || (this.#numeric && isZero(value))) return this.#isSet()
    return this.#orNull(sql`${this.#sql} <> ${this.#operand(value)}`)
  }

  #compared(operator: '>' | '<' | '>=' | '<='): Condition {
    const { value } = this.#filter
    if (value === null || value === undefined || (value === '' && !this.#text && !this.#numeric)) return NOTHING
    if (this.#text && value === '')
      return operator === '>' ? this.#isSet() : operator === '<' ? NOTHING : operator === '>=' ? EVERYTHING : this.#unset()
    const compared = sql`${this.#sql} ${sql.raw(operator)} ${this.#operand(value)}`
    // To Frappe an empty text or time comes before every other.
    return !this.#numeric && operator.startsWith('<') ? this.#orNull(compared) : compared
  }

  #like(negate: boolean): Condition {
    const { field } = this.#column
    const { dialect } = this.#premises
    const pattern = textOperand(field, this.#filter.value ?? '')
    const comparison = comparisonOf(field)
    if (comparison === 'datetime') return this.#likeTime(pattern, negate)
    const like = dialect.like(this.#sql, pattern, negate)
    // What is null is like empty text.
    return /^%*$/.test(pattern) === negate ? like : this.#orNull(like)
  }

  /** Times are kept as instants: a pattern is matched when it says how their text begins. */
  #likeTime(pattern: string, negate: boolean): Condition {
    if (/^%+$/.test(pattern)) return negate ? NOTHING : EVERYTHING
    const { field } = this.#column
    const period = periodLike(pattern)
    if (!period) throw invalid(`${field.label}: like takes the beginning of a ${field.fieldtype}, such as "2026-01-31%"; or use "between"`)
    const [from, before] = period.map((day) => parseTimestamp(day, this.#premises.zone))
    if (from === undefined) return negate ? EVERYTHING : NOTHING
    if (before === undefined) return negate ? this.#orNull(sql`${this.#sql} < ${from}`) : sql`${this.#sql} >= ${from}`
    if (negate) return this.#orNull(sql`(${this.#sql} < ${from} or ${this.#sql} >= ${before})`)
    return sql`(${this.#sql} >= ${from} and ${this.#sql} < ${before})`
  }

  /** The values of a list, those that are empty told apart: an empty list holds one empty value. */
  #values(): { readonly given: Condition[]; readonly empty: boolean } {
    const { value } = this.#filter
    const list: readonly unknown[] = Array.isArray(value)
      ? value
      : typeof value === 'string'
        ? value.split(',').map((part) => part.trim())
        : [value]
    if (list.length > MOST_VALUES)
      throw invalid(`${this.#column.field.label}: a filter takes at most ${MOST_VALUES} values; ask in several lists`)
    const isNothing = (entry: unknown): boolean => isEmpty(entry) || (this.#numeric && isZero(entry))
    const given = [...new Set(list.filter((entry) => !isNothing(entry)))].map((entry) => this.#operand(entry))
    return { given, empty: list.length === 0 || list.some(isNothing) }
  }

  #in(): Condition {
    const { given, empty } = this.#values()
    const among = sql`${this.#sql} in (${sql.join(given)})`
    if (!empty) return among
    return given.length === 0 ? this.#unset() : sql`(${among} or ${this.#unset()})`
  }

  #notIn(): Condition {
    const { given, empty } = this.#values()
    if (given.length === 0) return this.#isSet()
    const others = sql`${this.#sql} not in (${sql.join(given)})`
    return empty ? sql`(${this.#isSet()} and ${others})` : this.#orNull(others)
  }

  #is(): Condition {
    const word = typeof this.#filter.value === 'string' ? this.#filter.value.trim().toLowerCase() : ''
    if (word === 'set') return this.#isSet()
    if (word === 'not set') return this.#unset()
    throw invalid(`${this.#column.field.label}: "is" takes "set" or "not set"`)
  }

  #between(): Condition {
    const { zone, clock } = this.#premises
    const [from, to] = rangeOf(this.#column.field, this.#filter, () => formatTimestamp(clock.now(), zone).slice(0, 10))
    return sql`(${this.#sql} >= ${this.#operand(from)} and ${this.#sql} <= ${this.#operand(to)})`
  }
}
