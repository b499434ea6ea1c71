import { FrappeError, invalid } from '../errors.ts'
import { isRecord } from './document.ts'

/** One condition of a list. `doctype` is set when the caller named one (a child table, or the type itself). */
export interface Filter {
  readonly doctype?: string
  readonly fieldname: string
  readonly operator: Operator
  readonly value: unknown
}

export const OPERATORS = [
  '=',
  '!=',
  '>',
  '<',
  '>=',
  '<=',
  'like',
  'not like',
  'in',
  'not in',
  'is',
  'between',
  'timespan',
  'previous',
  'next',
  'ancestors of',
  'descendants of',
  'descendants of (inclusive)',
  'not ancestors of',
  'not descendants of',
] as const
export type Operator = (typeof OPERATORS)[number]
export type TreeOperator = Extract<Operator, `${string} of${string}`>

/** Operators that walk a tree of documents, and so tell what its parent field holds. */
export const isTreeOperator = (operator: Operator): operator is TreeOperator => / of\b/.test(operator)

/**
 * Reads filters in every form that Frappe takes: an object, triples, quadruples, or JSON text of either.
 * One triple or quadruple that stands alone is one filter.
 *
 * @throws {FrappeError} `ValidationError` that names the form expected
 */
export function parseFilters(input: unknown): Filter[] {
  const filters = typeof input === 'string' ? parseJson(input) : input
  if (filters === undefined || filters === null) return []
  if (Array.isArray(filters)) return isAlone(filters) ? [parseTuple(filters)] : filters.map(parseTuple)
  if (isRecord(filters)) return Object.entries(filters).map(([fieldname, value]) => parsePair(fieldname, value))
  throw invalid('filters must be a JSON object or a JSON list of [field, operator, value]')
}

/** `["status", "=", "Open"]`, without the list around it. */
const isAlone = (list: readonly unknown[]): boolean =>
  list.length >= 3 && list.length <= 5 && typeof list[0] === 'string' && typeof list[1] === 'string'

function parseJson(text: string): unknown {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('filters is not valid JSON; send a JSON object or a JSON list of [field, operator, value]')
  }
}

function parsePair(fieldname: string, value: unknown): Filter {
  if (Array.isArray(value) && value.length === 2 && typeof value[0] === 'string')
    return { fieldname, operator: parseOperator(value[0]), value: value[1] as unknown }
  if (Array.isArray(value)) return { fieldname, operator: 'in', value }
  return { fieldname, operator: '=', value }
}

function parseTuple(tuple: unknown): Filter {
  if (!Array.isArray(tuple)) {
    if (isRecord(tuple) && typeof tuple['fieldname'] === 'string') return parseNamed(tuple)
    throw invalid('each filter must be a list: [field, operator, value] or [DocType, field, operator, value]')
  }
  const parts = tuple as unknown[]
  if (parts.length === 2) return parsePair(parseName(parts[0]), parts[1])
  if (parts.length === 3) return { fieldname: parseName(parts[0]), operator: parseOperator(parts[1]), value: parts[2] }
  if (parts.length === 4 || parts.length === 5)
    return { doctype: parseName(parts[0]), fieldname: parseName(parts[1]), operator: parseOperator(parts[2]), value: parts[3] }
  throw invalid('each filter must have three or four entries: [field, operator, value] or [DocType, field, operator, value]')
}

function parseNamed(filter: Record<string, unknown>): Filter {
  const doctype = filter['doctype']
  return {
    ...(typeof doctype === 'string' ? { doctype } : {}),
    fieldname: parseName(filter['fieldname']),
    operator: parseOperator(filter['operator'] ?? '='),
    value: filter['value'],
  }
}

function parseName(name: unknown): string {
  if (typeof name === 'string' && name !== '') return name
  throw invalid('the name of a field in a filter must be text')
}

function parseOperator(operator: unknown): Operator {
  const word = typeof operator === 'string' ? operator.trim().toLowerCase().replaceAll(/\s+/g, ' ') : ''
  if (word === '<>') return '!='
  if ((OPERATORS as readonly string[]).includes(word)) return word as Operator
  throw new FrappeError('ValidationError', `Operator must be one of ${OPERATORS.join(', ')}`)
}
