import { FrappeError, type Aggregate, type FieldExpression, type FieldPath } from '@annex/protocol'
import { sql, type RawBuilder } from 'kysely'
import type { Stored } from '../../doctypes/values/to-stored.ts'
import type { Premises } from '../premises.ts'
import type { Column } from './query-columns.ts'
import { comparisonOf } from './query-operands.ts'
import type { Sources } from './query-sources.ts'

/** One value of each row of the answer. */
export interface Selected {
  /** Its key in the row. */
  readonly result: string
  readonly column: Column
  /** The expression over many rows; absent for a plain column. */
  readonly aggregate?: RawBuilder<unknown>
  readonly distinct: boolean
  readonly show: (stored: Stored) => Stored
}

type Named = Exclude<FieldExpression, { readonly kind: 'all' }>
type All = Extract<FieldExpression, { readonly kind: 'all' }>

export const allFields = (sources: Sources, { doctype }: All): Selected[] =>
  sources.all(doctype).map((column) => plain(column, column.field.fieldname, false))

/** Nothing when the field may not be seen. */
export function selectField(premises: Premises, sources: Sources, field: Named): Selected[] {
  const column = sources.column(field.path, 'show')
  if (!column) return []
  if (field.kind === 'column') return [plain(column, field.alias ?? field.path.fieldname, field.distinct)]
  const aggregate = aggregateOf(premises, column, field)
  const result = field.alias ?? field.text
  const show =
    field.aggregate === 'min' || field.aggregate === 'max' ? (stored: Stored) => (stored === null ? null : column.show(stored)) : asNumber
  return [{ result, column, aggregate, distinct: false, show }]
}

const plain = (column: Column, result: string, distinct: boolean): Selected => ({ result, column, distinct, show: column.show })

const asNumber = (stored: Stored): Stored => (stored === null ? null : Number(stored))

interface Aggregated {
  readonly aggregate: Aggregate
  readonly path: FieldPath
  readonly distinct: boolean
}

/** @throws {FrappeError} `DataError` for a sum or an average of what is no number */
export function aggregateOf(premises: Premises, column: Column, { aggregate, distinct, path }: Aggregated): RawBuilder<unknown> {
  const over = distinct ? sql`distinct ${column.expression}` : column.expression
  if (aggregate === 'count') return sql`count(${over})`
  if (aggregate === 'min') return sql`min(${column.expression})`
  if (aggregate === 'max') return sql`max(${column.expression})`
  const comparison = comparisonOf(column.field)
  if (comparison !== 'whole' && comparison !== 'decimal')
    throw new FrappeError('DataError', `${aggregate} needs a field with numbers, and ${textOf(path)} has none`)
  return aggregate === 'sum' ? premises.dialect.sum(over) : premises.dialect.average(over)
}

const textOf = ({ doctype, via, fieldname }: FieldPath): string =>
  doctype === undefined ? (via === undefined ? fieldname : `${via}.${fieldname}`) : `\`tab${doctype}\`.\`${fieldname}\``
