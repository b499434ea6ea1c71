import {
  invalid,
  isTreeOperator,
  notPermitted,
  parseFieldExpression,
  parseGroupBy,
  parseOrderBy,
  type DocType,
  type FieldExpression,
  type FieldPath,
  type Filter,
} from '@annex/protocol'
import type { ListRequest } from '../backend/backend.ts'
import { fieldsWithin, listAccess, readableLevels } from '../policy/field-levels.ts'
import { isAdministrator, type Principal } from '../policy/principal.ts'
import { rowConditions, type RowConditions } from '../policy/row-conditions.ts'
import type { Related } from './definitions.ts'
import { notBuilt, refused, unknownField } from './refusals.ts'
import { Sight } from './sight.ts'

const MOST_FILTERS = 100
/** Characters of the filters' JSON: they travel in an address, and many servers take 8 KiB of one. */
const LONGEST_FILTERS = 6000

/** What a list asks of the other site, and of whose rows. */
type Asked = Pick<ListRequest, 'filters' | 'orFilters'>

/**
 * A list that shows what the caller may see, whoever the service user is: hidden fields are left out,
 * and a list that asks by one is refused.
 *
 * @param parent - the DocType that was named, when rows of a child table are listed
 * @throws {FrappeError} `PermissionError`, `DataError`, or 501 for what cannot be asked of the other site
 */
export function narrowList(principal: Principal, related: Related, request: ListRequest, parent?: DocType): ListRequest {
  const { doctype } = related
  const access = doctype.istable ? 'read' : listAccess(principal, doctype)
  if (access === 'none') throw refused(doctype.name)
  const sight = new Sight({ principal, related, access, ...(parent ? { judged: parent } : {}) })
  const fields = seenFields(sight, request.fields ?? ['name'])
  checkConditions(sight, { ...request, fields })
  const rows = doctype.istable
    ? rowsOfParent(principal, doctype, parent, request)
    : withConditions(rowConditions(principal, doctype, access, related.of), request)
  checkSize(rows)
  return { ...request, ...rows, fields, orderBy: request.orderBy ?? '' }
}

/** The names of link fields that the list reaches through, or along whose trees it goes. */
export const linksIn = (request: ListRequest): string[] => {
  const trees = [...(request.filters ?? []), ...(request.orFilters ?? [])].filter(({ operator }) => isTreeOperator(operator))
  const paths = [...fieldPaths(request.fields ?? []), ...conditionPaths(request)]
  return [...paths.flatMap((path) => path.via ?? []), ...trees.map(({ fieldname }) => fieldname)]
}

/**
 * The caller's conditions with those that hold them to the rows they may see, in the other site's own words.
 *
 * @throws {FrappeError} 501 for what a list of conditions that all must hold cannot say
 */
export function withConditions({ owner, allowed, exempt }: RowConditions, { filters = [], orFilters = [] }: Asked): Asked {
  if (allowed.some(({ table }) => table !== undefined)) throw notBuilt('A list under a user permission on child rows')
  const held = allowed.map(({ fieldname, values, orEmpty }): Filter => ({
    fieldname,
    operator: 'in',
    value: orEmpty ? [...values, ''] : [...values],
  }))
  if (owner !== undefined) return { filters: [...filters, owned(owner)], orFilters }
  if (exempt === undefined) return { filters: [...filters, ...held], orFilters }
  if (held.length > 1 || orFilters.length > 0)
    throw notBuilt('This list of your own documents and of those that your user permissions allow')
  return { filters, orFilters: [owned(exempt), ...held] }
}

const owned = (user: string): Filter => ({ fieldname: 'owner', operator: '=', value: user })

/** Rows of a child table are seen by who may read all their parents, when the caller says which DocType those are. */
function rowsOfParent(principal: Principal, child: DocType, parent: DocType | undefined, { filters = [], orFilters = [] }: Asked): Asked {
  if (!parent && isAdministrator(principal)) return { filters, orFilters }
  if (!parent) throw notPermitted(`${child.name} is a child table: name the DocType that has it as parent`)
  const visible = fieldsWithin(parent.fields, readableLevels(principal, parent))
  const tables = parent.fields
    .filter((field) => field.options === child.name && visible.has(field.fieldname))
    .map((field) => field.fieldname)
  if (listAccess(principal, parent) !== 'read' || tables.length === 0) throw refused(parent.name)
  const { owner, allowed } = rowConditions(principal, parent, 'read', (name) => (name === child.name ? child : undefined))
  if (owner !== undefined || allowed.length > 0)
    throw notBuilt(`A list of rows of ${parent.name}, of which you may see some documents alone,`)
  const own: Filter[] = [
    { fieldname: 'parenttype', operator: '=', value: parent.name },
    { fieldname: 'parentfield', operator: 'in', value: tables },
  ]
  return { filters: [...filters, ...own], orFilters }
}

function seenFields(sight: Sight, fields: readonly string[]): string[] {
  const kept = fields.flatMap((text) => {
    const field = parseFieldExpression(text)
    if (field.kind !== 'all') return sight.sees(field.path, 'show') ? [text] : []
    const table = field.doctype === undefined ? '' : `\`tab${field.doctype}\`.`
    return sight.all(field.doctype).map((name) => `${table}${name}`)
  })
  return kept.length === 0 ? ['name'] : kept
}

function checkConditions(sight: Sight, request: ListRequest): void {
  const results = new Set((request.fields ?? []).map(parseFieldExpression).flatMap((field) => resultOf(sight, field)))
  checkFilters(sight, [...(request.filters ?? []), ...(request.orFilters ?? [])])
  for (const { path, aggregate } of parseOrderBy(request.orderBy)) {
    const isResult = aggregate === undefined && path.via === undefined && path.doctype === undefined && results.has(path.fieldname)
    if (!isResult) sight.sees(path, 'order')
  }
  for (const path of parseGroupBy(request.groupBy)) sight.sees(path, 'group')
}

/** The name under which the list shows it, where an order by that name means the result: an aggregate, or what is no field here. */
function resultOf(sight: Sight, field: FieldExpression): string[] {
  if (field.kind === 'all') return []
  if (field.kind === 'aggregate') return field.alias === undefined ? [] : [field.alias]
  const result = field.alias ?? field.path.fieldname
  return sight.has(result) ? [] : [result]
}

/** @throws {FrappeError} as `Sight.sees`: a filter tells what a hidden field holds */
export function checkFilters(sight: Sight, filters: readonly Filter[]): void {
  for (const filter of filters) {
    sight.sees(pathOf(filter), 'filter')
    if (isTreeOperator(filter.operator)) sight.checkTree(pathOf(filter))
  }
}

function fieldPaths(fields: readonly string[]): FieldPath[] {
  return fields.map(parseFieldExpression).flatMap((field) => (field.kind === 'all' ? [] : [field.path]))
}

function conditionPaths(request: ListRequest): FieldPath[] {
  const filters = [...(request.filters ?? []), ...(request.orFilters ?? [])].map(pathOf)
  return [...filters, ...parseOrderBy(request.orderBy).map((term) => term.path), ...parseGroupBy(request.groupBy)]
}

function pathOf({ doctype, fieldname }: Filter): FieldPath {
  const found = /^(?:([A-Za-z_]\w*)\.)?([A-Za-z_]\w*)$/.exec(fieldname)
  if (!found) throw unknownField(fieldname)
  if (found[1] !== undefined) return { via: found[1], fieldname: found[2]! }
  return doctype === undefined ? { fieldname } : { fieldname, doctype }
}

function checkSize({ filters = [], orFilters = [] }: Asked): void {
  const text = JSON.stringify([filters, orFilters])
  if (filters.length + orFilters.length > MOST_FILTERS || text.length > LONGEST_FILTERS)
    throw invalid('The filters are too long for the upstream site; ask in parts')
  if (text.includes(String.raw`\u0000`)) throw invalid('Text must not hold the character NUL; remove it')
}
