import { FrappeError } from '../errors.ts'
import { remembering } from '../remembering.ts'

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
      /** As it was written, without its alias: the key of its value in a row that has none. */
      readonly text: string
    }

export interface OrderTerm {
  /** The field, or the alias of one of the list's fields. */
  readonly path: FieldPath
  readonly descending: boolean
  /** Present when the list is ordered by what this makes of the field. */
  readonly aggregate?: Aggregate
  readonly distinct: boolean
}

const NAME = '(?:`(?:[^`]+)`|[A-Za-z_][A-Za-z0-9_]*)'
const PATH = new RegExp(`^(?:(${NAME})\\.)?(${NAME})$`)
// A run of spaces is tried from its beginning alone, and no two parts of a pattern share one: a text takes no longer than its length.
const ALIASED = /^(.*?)(?<!\s)\s+as\s+(`[^`]+`|'[^']+'|"[^"]+"|[A-Za-z_][A-Za-z0-9_ ]*)$/i
const CALL = /^([A-Za-z_]+)\s*\((.*)\)$/is
const ORDERED = /^(.+?)(?:(?<!\s)\s+(asc|desc))?$/i
const DISTINCT = /^distinct\s+(?=\S)/i
const ALIAS = /^[A-Za-z_][\w -]{0,60}$/
const LONGEST = 1000
const MOST_TERMS = 500
const FIELDNAME = /^[A-Za-z_][A-Za-z0-9_]{0,60}$/

const refused = (text: string): FrappeError => new FrappeError('DataError', `Field not permitted in query: ${text.slice(0, 140)}`)
const unquote = (name: string): string => (name.startsWith('`') ? name.slice(1, -1) : name)

/**
 * Reads one entry of `fields`: a name, `*`, a dotted or back-quoted path, an aggregate, each with an alias if wished.
 *
 * @throws {FrappeError} `DataError` for anything else: no function, literal or subquery is a field
 */
export const parseFieldExpression = remembering(readFieldExpression)

function readFieldExpression(text: string): FieldExpression {
  const trimmed = checkedLength(text.trim())
  const aliased = ALIASED.exec(trimmed)
  const expression = aliased ? aliased[1]!.trim() : trimmed
  const alias = aliased ? { alias: parseAlias(aliased[2]!) } : {}
  if (expression === '*') return { kind: 'all' }
  const table = /^`tab([^`]+)`\.\*$/.exec(expression)
  if (table) return { kind: 'all', doctype: table[1]! }
  const call = parseCall(expression)
  if (call) return { kind: 'aggregate', ...call, text: expression, ...alias }
  return { kind: 'column', ...parseDistinct(expression), ...alias }
}

function parseCall(text: string): { aggregate: Aggregate; path: FieldPath; distinct: boolean } | undefined {
  const call = CALL.exec(text)
  if (!call) return undefined
  return { aggregate: parseAggregate(call[1]!, text), ...parseDistinct(call[2]!.trim()) }
}

const parseDistinct = (text: string): { path: FieldPath; distinct: boolean } => ({
  path: parseFieldPath(text.replace(DISTINCT, '')),
  distinct: DISTINCT.test(text),
})

function parseAlias(text: string): string {
  const alias = text.replace(/^[`'"]|[`'"]$/g, '').trim()
  if (ALIAS.test(alias)) return alias
  throw refused(text)
}

function parseAggregate(name: string, text: string): Aggregate {
  const word = name.toLowerCase()
  if ((AGGREGATES as readonly string[]).includes(word)) return word as Aggregate
  throw refused(text)
}

/** @throws {FrappeError} `DataError` when the text is not the name of a field */
export function parseFieldPath(text: string): FieldPath {
  const found = PATH.exec(checkedLength(text.trim()))
  if (!found) throw refused(text)
  const fieldname = unquote(found[2]!)
  if (!FIELDNAME.test(fieldname)) throw refused(text)
  if (found[1] === undefined) return { fieldname }
  const prefix = unquote(found[1])
  if (found[1].startsWith('`tab')) return { fieldname, doctype: prefix.slice(3) }
  if (FIELDNAME.test(prefix)) return { fieldname, via: prefix }
  throw refused(text)
}

/**
 * Reads `order_by`: names, paths, aliases or aggregates, each with `asc` or `desc`, apart by commas. Empty text is no order.
 *
 * @throws {FrappeError} `DataError` for anything else
 */
export const parseOrderBy = (text: string | undefined | null): readonly OrderTerm[] =>
  text === undefined || text === null || text === '' ? NO_TERMS : readOrderBy(text)

const NO_TERMS: readonly OrderTerm[] = []

const readOrderBy = remembering((text: string): readonly OrderTerm[] =>
  termsOf(text).map((term) => {
    const found = ORDERED.exec(term)
    if (!found) throw refused(term)
    const [, expression = '', direction] = found
    const descending = direction?.toLowerCase() === 'desc'
    return { distinct: false, ...(parseCall(expression) ?? { path: parseOrderedPath(expression) }), descending }
  }),
)

/** An alias may have spaces, inside its back-quotes. */
function parseOrderedPath(text: string): FieldPath {
  const alias = /^`([^`]+)`$/.exec(text)?.[1]
  return alias !== undefined && ALIAS.test(alias) ? { fieldname: alias } : parseFieldPath(text)
}

/** Reads `group_by`: names or paths apart by commas. */
export const parseGroupBy = (text: string | undefined | null): FieldPath[] => termsOf(text).map(parseFieldPath)

/** What stands between commas; the name of a DocType, in back-quotes, may hold one. */
function termsOf(text: string | undefined | null): string[] {
  if (text === undefined || text === null) return []
  const terms = (text.match(/(?:`[^`]*`|[^,])+/g) ?? []).map((term) => term.trim()).filter((term) => term !== '')
  if (terms.length > MOST_TERMS) throw new FrappeError('DataError', `A list is ordered or grouped by at most ${MOST_TERMS} fields`)
  return terms.map(checkedLength)
}

/** A name, its table and an alias take less; what is longer would take long to read. */
function checkedLength(text: string): string {
  if (text.length > LONGEST) throw refused(text)
  return text
}
