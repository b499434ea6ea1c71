import { runKept, type Connection } from '@annex/database'
import type { DocType, Filter } from '@annex/protocol'
import type { CompiledQuery, RawBuilder } from 'kysely'
import type { ListRequest, Row } from '../../../backend/backend.ts'
import type { Stored } from '../../../doctypes/values/to-stored.ts'
import type { Principal } from '../../../policy/principal.ts'
import { can, type RoleRights } from '../../../policy/role-rights.ts'
import type { Steady } from '../../limits/kept-limits.ts'
import { fieldOf } from '../../shape.ts'
import { standardFieldsOf } from '../query-columns.ts'
import { plainOperand } from '../query-operands.ts'

/** Of one set of roles on one DocType; lists that people and apps really make are few. */
const MOST_KEPT = 200

/** A list as one statement, and how its rows are shown. */
export interface ListQuery {
  readonly statement: RawBuilder<Record<string, Stored>>
  readonly show: (row: Record<string, Stored>) => Row
}

interface Plan {
  readonly query: CompiledQuery<Record<string, Stored>>
  readonly show: ListQuery['show']
}

/** A list whose statement may be kept: its key, and the statement's parameters, which alone differ from call to call. */
export interface PlainList {
  readonly key: string
  readonly parameters: readonly unknown[]
}

/**
 * The statements of lists that compare nothing but own fields with values, made once: what such a list selects follows from
 * the DocType, the roles of the caller, the shape of their app's row filters and the request's words alone, and only values and
 * page differ from call to call.
 */
export class ListPlans {
  readonly #plans = new WeakMap<RoleRights, Map<string, Plan>>()

  /** Undefined where policy narrows the rows by more than `held`, or a filter is more than `field operator value`. */
  plain(principal: Principal, doctype: DocType, request: ListRequest, zone: string, held: Steady): PlainList | undefined {
    if (doctype.istable || principal.userPermissions.length > 0 || can(principal, doctype, 'read') !== 'yes') return undefined
    if ((request.orFilters?.length ?? 0) > 0) return undefined
    const values = (request.filters ?? []).map((filter) => plainValue(doctype, filter, zone))
    if (!values.every((value) => value !== undefined)) return undefined
    return { key: keyOf(request, held.shape), parameters: [...held.values, ...values, ...pageOf(request)] }
  }

  /**
   * Runs a plain list, with the statement kept for its like or with one that `build` makes. Gives undefined, and runs
   * nothing, where the statement reaches into other DocTypes: their rights may change without this one's.
   */
  async run(
    connection: Connection,
    rights: RoleRights,
    { key, parameters }: PlainList,
    build: () => { query: ListQuery; joined: boolean },
  ): Promise<Row[] | undefined> {
    const plans = this.#plansOf(rights)
    let plan = plans.get(key)
    if (!plan) {
      const { query, joined } = build()
      const compiled = query.statement.compile(connection)
      if (joined || !areSame(compiled.parameters, parameters)) return undefined
      if (plans.size >= MOST_KEPT) plans.clear()
      plans.set(key, (plan = { query: compiled, show: query.show }))
    }
    const { query, show } = plan
    const rows = await runKept(connection, query, parameters)
    return rows.map((row) => show(row))
  }

  #plansOf(rights: RoleRights): Map<string, Plan> {
    let plans = this.#plans.get(rights)
    if (!plans) this.#plans.set(rights, (plans = new Map()))
    return plans
  }
}

const COMPARED: ReadonlySet<string> = new Set(['=', '!=', '>', '<', '>=', '<='])

/** What the filter binds; whether the caller may filter by the field is judged when the statement is made. */
function plainValue(doctype: DocType, { doctype: named, fieldname, operator, value }: Filter, zone: string): Stored | undefined {
  if (!COMPARED.has(operator) || (named !== undefined && named !== doctype.name)) return undefined
  const field = standardFieldsOf(false).get(fieldname) ?? fieldOf(doctype, fieldname)
  return field && plainOperand(field, value, zone)
}

const keyOf = ({ fields, filters = [], orderBy, groupBy, distinct, start, limit }: ListRequest, held: string): string => {
  const compared = filters.map(({ fieldname, operator }) => [fieldname, operator])
  const rest = JSON.stringify([compared, orderBy, groupBy, distinct, (start ?? 0) > 0, limit === null || limit === undefined, held])
  return `${fields === undefined ? '' : keyOfFields(fields)}${rest}`
}

const fieldKeys = new WeakMap<readonly string[], string>()

/** Made once of a list of fields that is the same object from call to call; one that its owner may change is read each time. */
function keyOfFields(fields: readonly string[]): string {
  if (!Object.isFrozen(fields)) return JSON.stringify(fields)
  let key = fieldKeys.get(fields)
  if (key === undefined) fieldKeys.set(fields, (key = JSON.stringify(fields)))
  return key
}

/** The page's numbers are the statement's last parameters: a limit, and an offset when there is one. */
const pageOf = ({ start = 0, limit }: ListRequest): number[] => [
  ...(limit === null || limit === undefined ? [] : [limit]),
  ...(start > 0 ? [start] : []),
]

/** Whether the statement binds these values and no other, in this order, so that other values may take their places. */
const areSame = (bound: readonly unknown[], given: readonly unknown[]): boolean =>
  bound.length === given.length && given.every((value, index) => bound[index] === value)
