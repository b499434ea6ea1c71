import { FrappeError, parseFieldExpression, parseGroupBy, parseOrderBy, type Filter, type OrderTerm } from '@annex/protocol'
import { sql, type RawBuilder } from 'kysely'
import type { CountRequest, ListRequest, Row } from '../../backend/backend.ts'
import { isCounted } from '../../doctypes/naming/name-for.ts'
import type { Stored } from '../../doctypes/values/to-stored.ts'
import type { Premises } from '../premises.ts'
import type { ListQuery } from './plans/list-plans.ts'
import { walkOf } from './plans/walk-of.ts'
import type { Column } from './query-columns.ts'
import { aggregateOf, allFields, selectField, type Selected } from './query-fields.ts'
import { conditions } from './query-filters.ts'
import type { Sources } from './query-sources.ts'

const MOST_FIELDS = 500
const MOST_ORDERS = 50

type Fragment = RawBuilder<unknown>

/** `held` are the conditions of policy: they stand in the same `where` as the caller's filters. */
export function listQuery(premises: Premises, sources: Sources, request: ListRequest, held: readonly Fragment[]): ListQuery {
  const groups = parseGroupBy(request.groupBy).flatMap((path) => sources.column(path, 'group') ?? [])
  const chosen = selectedFields(premises, sources, request.fields ?? ['name'])
  const distinct = request.distinct === true || chosen.some((field) => field.distinct)
  const terms = parseOrderBy(request.orderBy)
  const grouping = new Grouping(groups, chosen, distinct, terms)
  const shown = chosen.length > 0 ? chosen : nameAlone(sources)
  const condition = conditionOf(premises, sources, request, held)
  const orders = orderOf(premises, sources, terms, shown, grouping)
  const list = sql.join(shown.map((field, index) => sql`${grouping.settle(field)} as ${sql.id(`c${index}`)}`))
  const reading = (from: Fragment): RawBuilder<Record<string, Stored>> =>
    sql`select ${list} from ${from}${whereOf(condition)}${grouping.clause()}${orders}${pageOf(request)}`
  const isPaged = typeof request.limit === 'number' && condition !== undefined && !grouping.active && !sources.joined
  const walk = isPaged ? walkOf(premises, sources, terms, { condition, orders, reading }) : undefined
  return { statement: reading(sources.from), show: showerOf(shown), ...(walk && { walk }) }
}

/** How many rows the list would have without a page; with a limit, at most that many are counted. */
export function countQuery(
  premises: Premises,
  sources: Sources,
  request: CountRequest,
  held: readonly Fragment[],
): RawBuilder<{ count: number }> {
  const where = whereOf(conditionOf(premises, sources, request, held))
  const once = request.distinct === true && sources.joined
  const { limit } = request
  if (limit !== undefined && limit !== null) {
    const rows = sql`select ${once ? sql`distinct ${sql.ref('t.name')}` : sql`1`} from ${sources.from}${where} limit ${limit}`
    return sql<{ count: number }>`select count(*) as ${sql.id('count')} from (${rows}) as ${sql.id('found')}`
  }
  const counted = once ? sql`distinct ${sql.ref('t.name')}` : sql`*`
  return sql<{ count: number }>`select count(${counted}) as ${sql.id('count')} from ${sources.from}${where}`
}

function selectedFields(premises: Premises, sources: Sources, fields: readonly string[]): Selected[] {
  if (fields.length > MOST_FIELDS) throw new FrappeError('DataError', `A list takes at most ${MOST_FIELDS} fields`)
  return fields
    .map(parseFieldExpression)
    .flatMap((field) => (field.kind === 'all' ? allFields(sources, field) : selectField(premises, sources, field)))
}

/** Every field was above the caller's level. */
function nameAlone(sources: Sources): Selected[] {
  const name = sources.own('name')
  return name ? [{ result: 'name', column: name, distinct: false, show: (stored) => stored }] : []
}

/** Every row is a copy of the first one's shape, which the engine reads faster than one that grows key by key. */
function showerOf(shown: readonly Selected[]): (row: Record<string, Stored>) => Row {
  const fields = shown.map(({ result, show }, index) => ({ result, show, column: `c${index}` }))
  const template = JSON.parse(JSON.stringify(Object.fromEntries(shown.map(({ result }) => [result, null])))) as Row
  return (row) => {
    const out = { ...template }
    for (const { result, show, column } of fields) out[result] = show(row[column] ?? null)
    return out
  }
}

interface Filtered {
  readonly filters?: readonly Filter[]
  readonly orFilters?: readonly Filter[]
}

function conditionOf(premises: Premises, sources: Sources, request: Filtered, held: readonly Fragment[]): Fragment | undefined {
  const either = conditions(premises, sources, request.orFilters ?? [])
  const all = [
    ...held,
    ...conditions(premises, sources, request.filters ?? []),
    ...(either.length > 0 ? [sql`(${sql.join(either, sql` or `)})`] : []),
  ]
  return all.length > 0 ? sql.join(all, sql` and `) : undefined
}

const whereOf = (condition: Fragment | undefined): Fragment => (condition ? sql` where ${condition}` : sql``)

/** What a list with groups selects: a column that is not grouped by has no one value, so its least one is shown. */
class Grouping {
  readonly active: boolean
  readonly columns: readonly Column[]
  readonly #keys: ReadonlySet<string>

  constructor(groups: readonly Column[], chosen: readonly Selected[], distinct: boolean, orders: readonly OrderTerm[]) {
    const plain = distinct ? chosen.flatMap((field) => (field.aggregate === undefined ? [field.column] : [])) : []
    this.columns = [...new Map([...groups, ...plain].map((column) => [column.key, column])).values()]
    this.active = this.columns.length > 0 || [...chosen, ...orders].some((part) => part.aggregate !== undefined)
    this.#keys = new Set(this.columns.map((column) => column.key))
  }

  settle({ aggregate, column }: Selected): Fragment {
    return aggregate ?? this.one(column)
  }

  one(column: Column): Fragment {
    return !this.active || this.#keys.has(column.key) ? column.expression : sql`min(${column.expression})`
  }

  clause(): Fragment {
    return this.columns.length > 0 ? sql` group by ${sql.join(this.columns.map((column) => column.expression))}` : sql``
  }
}

function orderOf(
  premises: Premises,
  sources: Sources,
  terms: readonly OrderTerm[],
  shown: readonly Selected[],
  grouping: Grouping,
): Fragment {
  if (terms.length > MOST_ORDERS) throw new FrappeError('DataError', `A list is ordered by at most ${MOST_ORDERS} fields`)
  const asked = terms.map((term, index) => orderTerm(premises, sources, term, index === 0, shown, grouping))
  const ties = grouping.active
    ? grouping.columns.map((column) => premises.dialect.order(column.expression))
    : rowTies(premises, sources, terms)
  const all = [...asked, ...ties]
  return all.length > 0 ? sql` order by ${sql.join(all)}` : sql``
}

function orderTerm(
  premises: Premises,
  sources: Sources,
  term: OrderTerm,
  isFirst: boolean,
  shown: readonly Selected[],
  grouping: Grouping,
): Fragment {
  const { path, aggregate, distinct, descending } = term
  const aliased = resultNamed(sources, term, shown)
  if (aliased) return premises.dialect.order(grouping.settle(aliased), descending)
  const column = sources.column(path, 'order')
  if (!column) return sql.ref('t.name')
  if (aggregate) return premises.dialect.order(aggregateOf(premises, column, { aggregate, path, distinct }), descending)
  // The primary key has no order of nulls, and serves a plain one alone.
  if (isFirst && column.key === 't.name' && !grouping.active) return nameOrder(column, descending)
  return premises.dialect.order(grouping.one(column), descending)
}

/** Numbers come as they are counted: a shorter one is smaller. */
function nameOrder({ doctype, expression }: Column, descending: boolean): Fragment {
  const keys = isCounted(doctype) ? [sql`length(${expression})`, expression] : [expression]
  return sql.join(keys.map((key) => (descending ? sql`${key} desc` : key)))
}

/** What the list shows under that name: an aggregate, or a field under a name that the DocType does not have. */
function resultNamed(sources: Sources, { path, aggregate }: OrderTerm, shown: readonly Selected[]): Selected | undefined {
  if (aggregate !== undefined || path.via !== undefined || path.doctype !== undefined) return undefined
  const result = shown.find((field) => field.result === path.fieldname)
  return result && (result.aggregate !== undefined || !sources.own(path.fieldname)) ? result : undefined
}

/** Rows that the caller's order leaves equal come by name; a list without an order, the latest change first. */
function rowTies({ dialect }: Premises, sources: Sources, terms: readonly OrderTerm[]): Fragment[] {
  // Index (modified, name), read backwards.
  const latest = terms.length === 0 ? [dialect.order(sql.ref('t.modified'), true)] : []
  const named = terms.some(({ path }) => path.fieldname === 'name' && path.via === undefined && path.doctype === undefined)
  return [...latest, ...(named ? [] : [dialect.order(sql.ref('t.name'))]), ...sources.ties]
}

/** More rows than any table has: an offset needs a limit on one of the engines. No parameter: a kept statement binds what was asked alone. */
const ALL = sql.lit(9_007_199_254_740_991)

export function pageOf({ limit, start }: { readonly limit?: number | null; readonly start?: number }): Fragment {
  const from = start ?? 0
  if (limit === undefined || limit === null) return from > 0 ? sql` limit ${ALL} offset ${from}` : sql``
  return from > 0 ? sql` limit ${limit} offset ${from}` : sql` limit ${limit}`
}
