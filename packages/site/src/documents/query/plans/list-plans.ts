import { runKept, type Connection } from '@annex/database'
import type { DocType, Filter } from '@annex/protocol'
import type { CompiledQuery, RawBuilder } from 'kysely'
import type { ListRequest, Row } from '../../../backend/backend.ts'
import type { Stored } from '../../../doctypes/values/to-stored.ts'
import { listAccess } from '../../../policy/field-levels.ts'
import type { Principal } from '../../../policy/principal.ts'
import { can, type RoleRights } from '../../../policy/role-rights.ts'
import type { Steady } from '../../limits/kept-limits.ts'
import { fieldOf } from '../../shape.ts'
import { standardFieldsOf } from '../query-columns.ts'
import { plainOperand } from '../query-operands.ts'
import { Shares, type Share } from './shares.ts'
import type { Walk } from './walk.ts'

/** Of one set of roles on one DocType; lists that people and apps really make are few. */
const MOST_KEPT = 200

/** A list as one statement, and how its rows are shown. */
export interface ListQuery {
  readonly statement: RawBuilder<Record<string, Stored>>
  readonly show: (row: Record<string, Stored>) => Row
  /** Another way to the same rows. */
  readonly walk?: Walk
}

interface Plan {
  readonly query: CompiledQuery<Record<string, Stored>>
  readonly show: ListQuery['show']
  readonly walk: (() => CompiledWalk) | undefined
}

interface CompiledWalk extends Pick<Walk, 'isServed'> {
  readonly query: CompiledQuery<Record<string, Stored>>
  readonly probe: CompiledQuery<Share>
}

type Page = Pick<ListRequest, 'start' | 'limit'>

/** A list whose statement may be kept: its key, and the statement's parameters, which alone differ from call to call. */
export interface PlainList {
  readonly key: string
  readonly parameters: readonly unknown[]
  readonly doctype: DocType
  readonly page: Page
}

/**
 * How lists are read. The statements of lists that compare nothing but own fields with values, made once: what such a list selects follows from
 * the DocType, the roles of the caller, the shape of their app's row filters and the request's words alone, and only values and
 * page differ from call to call.
 */
export class ListPlans {
  readonly #plans = new WeakMap<RoleRights, Map<string, Plan>>()
  readonly #shares = new Shares()

  /**
   * Undefined where policy narrows the rows by more than `held`, or the fields by more than the roles of the caller: what is kept is kept
   * by these; or where a filter is more than `field operator value`.
   */
  plain(principal: Principal, doctype: DocType, request: ListRequest, zone: string, held: Steady): PlainList | undefined {
    if (doctype.istable || principal.userPermissions.length > 0 || can(principal, doctype, 'read') !== 'yes') return undefined
    if (listAccess(principal, doctype) !== 'read') return undefined
    if ((request.orFilters?.length ?? 0) > 0) return undefined
    const values = (request.filters ?? []).map((filter) => plainValue(doctype, filter, zone))
    if (!values.every((value) => value !== undefined)) return undefined
    return { key: keyOf(request, held.shape), parameters: [...held.values, ...values, ...pageOf(request)], doctype, page: request }
  }

  /**
   * Runs a plain list, with the statement kept for its like or with one that `build` makes. Gives undefined, and runs
   * nothing, where the statement reaches into other DocTypes: their rights may change without this one's.
   */
  async run(
    connection: Connection,
    rights: RoleRights,
    { key, parameters, doctype, page }: PlainList,
    build: () => { query: ListQuery; joined: boolean },
  ): Promise<Row[] | undefined> {
    const plans = this.#plansOf(rights)
    let plan = plans.get(key)
    if (!plan) {
      const { query, joined } = build()
      const made = planOf(connection, query)
      if (joined || !areSame(made.query.parameters, parameters)) return undefined
      if (plans.size >= MOST_KEPT) plans.clear()
      plans.set(key, (plan = made))
    }
    return this.#read(connection, doctype, plan, parameters, page)
  }

  /** Runs a list that was made for this once. */
  runOnce(connection: Connection, doctype: DocType, list: ListQuery, page: Page): Promise<Row[]> {
    const plan = planOf(connection, list)
    return this.#read(connection, doctype, plan, plan.query.parameters, page)
  }

  async #read(connection: Connection, doctype: DocType, plan: Plan, parameters: readonly unknown[], page: Page): Promise<Row[]> {
    const { query, show, walk } = plan
    const rows = walk
      ? await this.#readShorter(connection, doctype, { query, walk }, parameters, page)
      : await runKept(connection, query, parameters)
    return rows.map((row) => show(row))
  }

  /** The way that is the shorter one, as far as that is known. */
  async #readShorter(
    connection: Connection,
    doctype: DocType,
    { query, walk }: Pick<Plan, 'query'> & { readonly walk: () => CompiledWalk },
    parameters: readonly unknown[],
    page: Page,
  ): Promise<Record<string, Stored>[]> {
    const paging = pageOf(page)
    const pageless = parameters.slice(0, parameters.length - paging.length)
    const key = `${query.sql}${JSON.stringify(pageless)}`
    const probe = async (): Promise<Share> => {
      const walking = walk()
      if (!(await walking.isServed(connection))) return NONE
      // What a list binds besides its filters stands in the statement that was made for it alone.
      const [share = NONE] = await runKept(connection, walking.probe, parameters === query.parameters ? walking.probe.parameters : pageless)
      return share
    }
    const wanted = paging.reduce((sum, part) => sum + part, 0)
    if (await this.#shares.favoursWalk(doctype, key, wanted, probe)) return runKept(connection, walk().query, parameters)
    const rows = await runKept(connection, query, parameters)
    if (rows.length === page.limit) this.#shares.noteFull(doctype, key)
    return rows
  }

  #plansOf(rights: RoleRights): Map<string, Plan> {
    let plans = this.#plans.get(rights)
    if (!plans) this.#plans.set(rights, (plans = new Map()))
    return plans
  }
}

const NONE: Share = { rows: 0, hits: 0 }

function planOf(connection: Connection, { statement, show, walk }: ListQuery): Plan {
  let compiled: CompiledWalk | undefined
  const compile = ({ statement: walking, probe, isServed }: Walk): CompiledWalk => ({
    query: walking.compile(connection),
    probe: probe.compile(connection),
    isServed,
  })
  return { query: statement.compile(connection), show, walk: walk && (() => (compiled ??= compile(walk))) }
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
const pageOf = ({ start = 0, limit }: Page): number[] => [
  ...(limit === null || limit === undefined ? [] : [limit]),
  ...(start > 0 ? [start] : []),
]

/** Whether the statement binds these values and no other, in this order, so that other values may take their places. */
const areSame = (bound: readonly unknown[], given: readonly unknown[]): boolean =>
  bound.length === given.length && given.every((value, index) => bound[index] === value)
