import type { Connection } from '@annex/database'
import type { DocType } from '@annex/protocol'
import type { CompiledQuery, RawBuilder } from 'kysely'
import type { ListRequest, Row } from '../../backend/backend.ts'
import type { Stored } from '../../doctypes/values/to-stored.ts'
import type { Principal } from '../../policy/principal.ts'
import { can, roleRights, type RoleRights } from '../../policy/role-rights.ts'

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

/**
 * The statements of lists without a filter, made once: what such a list selects follows from the DocType, the roles of the
 * caller and the request's words alone, and only the page differs from call to call.
 */
export class ListPlans {
  readonly #plans = new WeakMap<RoleRights, Map<string, Plan>>()

  /** A list that no row filter narrows, neither the caller's nor one of policy. */
  isPlain(principal: Principal, doctype: DocType, request: ListRequest): boolean {
    const filtered = (request.filters?.length ?? 0) > 0 || (request.orFilters?.length ?? 0) > 0
    return !filtered && !doctype.istable && principal.userPermissions.length === 0 && can(principal, doctype, 'read') === 'yes'
  }

  /**
   * Runs a plain list, with the statement kept for its like or with one that `build` makes. Gives undefined, and runs
   * nothing, where the statement reaches into other DocTypes: their rights may change without this one's.
   */
  async run(
    connection: Connection,
    principal: Principal,
    doctype: DocType,
    request: ListRequest,
    build: () => { query: ListQuery; joined: boolean },
  ): Promise<Row[] | undefined> {
    const plans = this.#plansOf(roleRights(principal, doctype))
    const key = keyOf(request)
    let plan = plans.get(key)
    if (!plan) {
      const { query, joined } = build()
      if (joined) return undefined
      if (plans.size >= MOST_KEPT) plans.clear()
      plans.set(key, (plan = { query: query.statement.compile(connection), show: query.show }))
    }
    const { query, show } = plan
    const { rows } = await connection.executeQuery<Record<string, Stored>>({ ...query, parameters: paged(query.parameters, request) })
    return rows.map((row) => show(row))
  }

  #plansOf(rights: RoleRights): Map<string, Plan> {
    let plans = this.#plans.get(rights)
    if (!plans) this.#plans.set(rights, (plans = new Map()))
    return plans
  }
}

const keyOf = ({ fields, orderBy, groupBy, distinct, start, limit }: ListRequest): string =>
  JSON.stringify([fields, orderBy, groupBy, distinct, (start ?? 0) > 0, limit === null || limit === undefined])

/** The page's numbers are the statement's last parameters: a limit, and an offset when there is one. */
function paged(parameters: readonly unknown[], { start = 0, limit }: ListRequest): readonly unknown[] {
  const page = [...(limit === null || limit === undefined ? [] : [limit]), ...(start > 0 ? [start] : [])]
  return page.length === 0 ? parameters : [...parameters.slice(0, -page.length), ...page]
}
