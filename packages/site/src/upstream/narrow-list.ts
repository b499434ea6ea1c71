import { FrappeError, isColumn, parseFieldExpression, parseGroupBy, parseOrderBy, STANDARD_FIELDS, type DocType, type FieldPath, type Filter } from '@annex/protocol'
import type { CountRequest, ListRequest } from '../backend/backend.ts'
import { listAccess, visibleFields } from '../policy/field-levels.ts'
import type { Principal } from '../policy/principal.ts'
import { rowConditions } from '../policy/row-conditions.ts'
import type { ChildOf } from '../policy/user-permissions.ts'

const notBuilt = (what: string): FrappeError => new FrappeError('NotImplementedError', `${what} is not passed on to the upstream site yet; ask for fields of the DocType itself`)

/** The filters that hold a caller to the rows they may see, in the other site's own words. */
export function conditionFilters(principal: Principal, doctype: DocType, right: 'read' | 'select', childOf: ChildOf, referenceDoctype?: string): Filter[] {
  const conditions = rowConditions(principal, doctype, right, childOf, referenceDoctype)
  if (conditions.allowed.some((allowed) => allowed.table !== undefined)) throw notBuilt('A user permission on child rows')
  const owner: Filter[] = conditions.owner === undefined ? [] : [{ fieldname: 'owner', operator: '=', value: conditions.owner }]
  const allowed = conditions.allowed.map(({ fieldname, values, orEmpty }): Filter => ({ fieldname, operator: 'in', value: orEmpty ? [...values, ''] : [...values] }))
  return [...owner, ...allowed]
}

/**
 * A list that shows what the caller may see, whoever the service user is: hidden fields are left out,
 * and a list that asks by one is refused.
 *
 * @throws {FrappeError} `PermissionError`, or 501 for what reaches into other DocTypes
 */
export function narrowList(principal: Principal, doctype: DocType, childOf: ChildOf, request: ListRequest): ListRequest {
  const access = listAccess(principal, doctype)
  if (access === 'none') throw new FrappeError('PermissionError', `No permission for ${doctype.name}`, { errorMessage: true })
  const seen = new Set<string>([...STANDARD_FIELDS, ...visibleFields(principal, doctype, access)])
  for (const path of conditionPaths(request)) requireSeen(doctype, seen, path)
  const own = conditionFilters(principal, doctype, access, childOf)
  return { ...request, fields: seenFields(doctype, seen, request.fields ?? ['name']), filters: [...(request.filters ?? []), ...own] }
}

export function narrowCount(principal: Principal, doctype: DocType, childOf: ChildOf, request: CountRequest): CountRequest {
  const { filters = [] } = narrowList(principal, doctype, childOf, request)
  return { ...request, filters }
}

function conditionPaths(request: ListRequest): FieldPath[] {
  const filters = [...(request.filters ?? []), ...(request.orFilters ?? [])]
  return [...filters, ...parseOrderBy(request.orderBy).map((term) => term.path), ...parseGroupBy(request.groupBy)]
}

function requireSeen(doctype: DocType, seen: ReadonlySet<string>, path: FieldPath): void {
  if (isElsewhere(doctype, path)) throw notBuilt('A condition on another DocType')
  if (!seen.has(path.fieldname)) throw new FrappeError('PermissionError', `You may not filter or order ${doctype.name} by ${path.fieldname}`, { errorMessage: true })
}

function seenFields(doctype: DocType, seen: ReadonlySet<string>, fields: readonly string[]): string[] {
  const kept = fields.flatMap((text) => {
    const field = parseFieldExpression(text)
    if (field.kind === 'all') return [...STANDARD_FIELDS, ...doctype.fields.filter(isColumn).map(({ fieldname }) => fieldname)].filter((name) => seen.has(name))
    if (isElsewhere(doctype, field.path)) throw notBuilt('A field of another DocType')
    return seen.has(field.path.fieldname) ? [text] : []
  })
  return kept.length === 0 ? ['name'] : kept
}

const isElsewhere = (doctype: DocType, path: FieldPath): boolean => path.via !== undefined || path.fieldname.includes('.') || (path.doctype !== undefined && path.doctype !== doctype.name)
