import { FrappeError } from './errors.ts'

/** Where a field stands: in the list's own DocType, behind one of its link or table fields, or in a table named by its DocType. */
export interface FieldPath {
  readonly fieldname: string
  /** ``  `tabQuote Line`.item  ``: the DocType whose field it is. */
  readonly doctype?: string
  /** `client.region`, `lines.item`: the link or table field in front of the dot. */
  readonly via?: string
}

export const AGGREGATES = ['count', 'sum', 'avg', 'min', 'max'] as const
export type Aggregate = (typeof AGGREGATES)[number]

/** One entry of a list's `fields`, by its form alone; whether the field exists is the DocType's to say. */
export type FieldExpression =
  | { readonly kind: 'all'; readonly doctype?: string }
  | { readonly kind: 'column'; readonly path: FieldPath; readonly alias?: string; readonly distinct: boolean }
  | {
      readonly kind: 'aggregate'
      readonly aggregate: Aggregate
      readonly path: FieldPath
      readonly alias?: string
      readonly distinct: boolean
    }

export interface OrderTerm {
  readonly path: FieldPath
  readonly descending: boolean
}

const NAME = '(?:`(?:[^`]+)`|[A-Za-z_][A-Za-z0-9_]*)'
const PATH = new RegExp(`^(?:(${NAME})\\.)?(${NAME})$`)
const ALIASED = /^(.*?)\s+as\s+(`[^`]+`|'[^']+'|"[^"]+"|[A-Za-z_][A-Za-z0-9_ ]*)$/i
const CALL = /^([A-Za-z_]+)\s*\(\s*(distinct\s+)?(.*?)\s*\)$/i
const FIELDNAME = /^[A-Za-z_][A-Za-z0-9_]{0,60}$/

const refused = (text: string): FrappeError => new FrappeError('DataError', `Field not permitted in query: ${text.slice(0, 140)}`)
const unquote = (name: string): string => (name.startsWith('`') ? name.slice(1, -1) : name)

/**
 * Reads one entry of `fields`: a name, `*`, a dotted or back-quoted path, an aggregate, each with an alias if wished.
 *
 * @throws {FrappeError} `DataError` for anything else: no function, literal or subquery is a field
 */
export function parseFieldExpression(text: string): FieldExpression {
  const trimmed = text.trim()
  const aliased = ALIASED.exec(trimmed)
  const expression = aliased ? aliased[1]!.trim() : trimmed
  const alias = aliased ? { alias: parseAlias(aliased[2]!) } : {}
  if (expression === '*') return { kind: 'all' }
  const table = /^`tab([^`]+)`\.\*$/.exec(expression)
  if (table) return { kind: 'all', doctype: table[1]! }
  const call = CALL.exec(expression)
  if (call)
    return {
      kind: 'aggregate',
      aggregate: parseAggregate(call[1]!, text),
      path: parseFieldPath(call[3]!),
      distinct: call[2] !== undefined,
      ...alias,
    }
  const distinct = /^distinct\s+(.+)$/i.exec(expression)
  return { kind: 'column', path: parseFieldPath(distinct ? distinct[1]! : expression), distinct: distinct !== null, ...alias }
}

function parseAlias(text: string): string {
  const alias = text.replace(/^[`'"]|[`'"]$/g, '').trim()
  if (/^[A-Za-z_][\w -]{0,60}$/.test(alias)) return alias
  throw refused(text)
}

function parseAggregate(name: string, text: string): Aggregate {
  const word = name.toLowerCase()
  if ((AGGREGATES as readonly string[]).includes(word)) return word as Aggregate
  throw refused(text)
}

/** @throws {FrappeError} `DataError` when the text is not the name of a field */
export function parseFieldPath(text: string): FieldPath {
  const found = PATH.exec(text.trim())
  if (!found) throw refused(text)
  const fieldname = unquote(found[2]!)
  if (!FIELDNAME.test(fieldname)) throw refused(text)
  if (found[1] === undefined) return { fieldname }
  const prefix = unquote(found[1])
  if (found[1].startsWith('`tab')) return { fieldname, doctype: prefix.slice(3) }
  if (FIELDNAME.test(prefix)) return { fieldname, via: prefix }
  throw refused(text)
}

/** Reads `order_by`: names or paths, each with `asc` or `desc`, apart by commas. Empty text is no order. */
export function parseOrderBy(text: string | undefined | null): OrderTerm[] {
  if (text === undefined || text === null || text.trim() === '') return []
  return text.split(',').map((term) => {
    const found = /^(.+?)(?:\s+(asc|desc))?$/i.exec(term.trim())
    if (!found) throw refused(term)
    return { path: parseFieldPath(found[1]!), descending: found[2]?.toLowerCase() === 'desc' }
  })
}

/** Reads `group_by`: names or paths apart by commas. */
export function parseGroupBy(text: string | undefined | null): FieldPath[] {
  if (text === undefined || text === null || text.trim() === '') return []
  return text.split(',').map(parseFieldPath)
}
