import { FrappeError, invalid, parseFilters, remembering, type DocType, type Filter } from '@annex/protocol'
import type { CountRequest, ListRequest, Row } from '../backend/backend.ts'

type Arguments = Readonly<Record<string, unknown>>

const DEFAULT_LIMIT = 20
const REPORT_AGGREGATES: ReadonlySet<string> = new Set(['count', 'sum', 'avg'])

/**
 * The arguments of `frappe.client.get_list`: pages of 20 unless `limit_page_length` (or, without it,
 * `page_length` or `limit`) says otherwise; 0 and empty text mean all.
 *
 * @throws {FrappeError} `ValidationError` that names the argument and the form it must have
 */
export function parseListArguments(doctype: string, args: Arguments): ListRequest {
  const page = args['limit_page_length'] ?? args['page_length']
  // Frappe takes the number 0 under the shorter name for none given, and the text for all.
  const limit = page ?? (args['limit'] === 0 ? undefined : args['limit'])
  return { ...parseWhat(doctype, args), limit: parseLimit(limit, DEFAULT_LIMIT) }
}

/**
 * The arguments of `/api/resource`: as `parseListArguments`, with `fields` as JSON alone.
 *
 * @throws {FrappeError} as `parseListArguments`
 */
export function parseResourceArguments(doctype: string, args: Arguments): ListRequest {
  requireJsonFields(args)
  return parseListArguments(doctype, args)
}

function requireJsonFields({ fields }: Arguments): void {
  if (typeof fields === 'string' && fields.trim() === '*') throw invalid('fields is not valid JSON; send ["*"] for all fields')
}

/**
 * The arguments of `/api/v2/document`: `limit` alone says how long a page is.
 *
 * @throws {FrappeError} as `parseListArguments`
 */
export function parseV2ListArguments(doctype: string, args: Arguments): ListRequest {
  requireJsonFields(args)
  return { ...parseWhat(doctype, args), limit: parseLimit(args['limit'], DEFAULT_LIMIT) }
}

/**
 * The arguments of `frappe.desk.reportview`: no page unless one is asked for, and an aggregate beside the groups
 * (`aggregate_function`) as `_aggregate_column`. Without an order the caller adds `defaultOrder` of the DocType.
 *
 * @throws {FrappeError} as `parseListArguments`
 */
export function parseReportArguments(doctype: string, args: Arguments): ListRequest {
  const request = parseWhat(doctype, args)
  const limit = args['page_length'] ?? args['limit_page_length'] ?? args['limit']
  const aggregate = request.groupBy ? parseAggregate(doctype, args) : undefined
  return {
    ...request,
    ...(aggregate ? { fields: [...(request.fields ?? ['name']), aggregate] } : {}),
    limit: parseLimit(limit, null),
  }
}

/**
 * The arguments of a count: what is listed, without fields and order. A `limit`, where there is one, is where counting ends.
 *
 * @throws {FrappeError} as `parseListArguments`
 */
export function parseCountArguments(doctype: string, args: Arguments): CountRequest {
  const { filters, orFilters, distinct, parent } = parseWhat(doctype, args)
  return {
    doctype,
    filters: filters ?? [],
    orFilters: orFilters ?? [],
    distinct: distinct === true,
    limit: parseLimit(args['limit'], null),
    ...(parent === undefined ? {} : { parent }),
  }
}

/** The DocType's own order, as `order_by` is written; what Frappe's report lists come in. */
export const defaultOrder = ({ sort_field: field, sort_order: order }: DocType): string => `${field || 'modified'} ${order}`

/** Rows as the caller wants them: objects, arrays (`as_dict` 0) or the values of one field (`pluck`); comments counted on request. */
export function shapeRows(rows: readonly Row[], args: Arguments): unknown[] {
  const pluck = parseText(args, 'pluck')
  if (pluck !== '') return rows.map((row) => row[pluck] ?? null)
  const shown = parseFlag(args['with_comment_count']) ? rows.map(withCommentCount) : rows
  const asArrays = args['as_dict'] !== undefined && args['as_dict'] !== null && !parseFlag(args['as_dict'])
  return asArrays ? shown.map((row) => Object.values(row)) : [...shown]
}

function withCommentCount(row: Row): Row {
  return { ...row, _comment_count: countOf(row['_comments']) }
}

/** How many entries the JSON text holds. */
function countOf(comments: unknown): number {
  try {
    const list: unknown = typeof comments === 'string' ? JSON.parse(comments) : []
    return Array.isArray(list) ? list.length : 0
  } catch {
    return 0
  }
}

/** What every kind of list takes alike. */
function parseWhat(doctype: string, args: Arguments): ListRequest {
  const fields = parseFields(args['fields']) ?? pluckedField(args)
  return {
    doctype,
    ...(fields ? { fields } : {}),
    filters: [...parseFilters(args['filters']), ...parseDocstatus(args['docstatus'])],
    orFilters: parseFilters(args['or_filters']),
    orderBy: parseText(args, 'order_by'),
    groupBy: parseText(args, 'group_by'),
    distinct: parseFlag(args['distinct']),
    start: parseStart(args['limit_start'] ?? args['start']),
    ...(args['parent'] ? { parent: parseText(args, 'parent') } : {}),
  }
}

function pluckedField(args: Arguments): readonly string[] | undefined {
  const pluck = parseText(args, 'pluck')
  return pluck === '' ? undefined : [pluck]
}

/** One docstatus, or a list of them. */
function parseDocstatus(input: unknown): Filter[] {
  if (input === undefined || input === null || input === '') return []
  const value = typeof input === 'string' ? input.replace(/^\s*\[|\]\s*$/g, '') : input
  const list: readonly unknown[] = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [value]
  return list.length === 0 ? [] : [{ fieldname: 'docstatus', operator: 'in', value: list.map((entry) => wholeDocstatus(entry)) }]
}

function wholeDocstatus(entry: unknown): number {
  const docstatus = wholeNumber(entry)
  if (docstatus === 0 || docstatus === 1 || docstatus === 2) return docstatus
  throw invalid('docstatus must be 0, 1 or 2, or a JSON list of them')
}

/** The entry of `fields` that `aggregate_function` and `aggregate_on_field` stand for. */
function parseAggregate(doctype: string, args: Arguments): string | undefined {
  const aggregate = parseText(args, 'aggregate_function').toLowerCase()
  if (aggregate === '') return undefined
  if (!REPORT_AGGREGATES.has(aggregate)) throw new FrappeError('DataError', 'aggregate_function must be count, sum or avg')
  const table = parseText(args, 'aggregate_on_doctype') || doctype
  const field = aggregate === 'count' ? 'name' : requireText(args, 'aggregate_on_field')
  const path = table === doctype ? `\`${field}\`` : `\`tab${table}\`.\`${field}\``
  return `${aggregate}(${path}) as _aggregate_column`
}

/** `fields` as a JSON list, JSON text of one, JSON text of names apart by commas, or `*`. */
function parseFields(input: unknown): readonly string[] | undefined {
  const value = typeof input === 'string' ? parseFieldsText(input) : input
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value.split(',').map((entry) => entry.trim())
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value
  throw invalid('fields must be a JSON list of names, such as ["name", "modified"]')
}

function parseFieldsText(text: string): unknown {
  if (text.trim() === '') return undefined
  if (text.trim() === '*') return '*'
  return readFieldsText(text).value
}

/** The same list for the same text, frozen, by which others know that they have seen it. */
const readFieldsText = remembering((text): { readonly value: unknown } => {
  try {
    return { value: Object.freeze(JSON.parse(text)) as unknown }
  } catch {
    throw invalid('fields is not valid JSON; send a JSON list of names, such as ["name", "modified"]')
  }
})

/** An argument that must be text when it is there. */
export function parseText(args: Arguments, name: string): string {
  const value = args[name]
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  throw invalid(`${name} must be text`)
}

/** @throws {FrappeError} `ValidationError` naming the argument when it is missing or empty */
export function requireText(args: Arguments, name: string): string {
  const value = parseText(args, name)
  if (value === '') throw invalid(`${name} is missing; send it as text`)
  return value
}

export const parseFlag = (value: unknown): boolean =>
  value === true || value === 1 || (typeof value === 'string' && /^(1|true|yes|on)$/i.test(value))

function parseStart(value: unknown): number {
  const start = wholeNumber(value) ?? 0
  if (start < 0) throw invalid('limit_start must not be negative')
  return start
}

/** Frappe's page size: `0`, empty and text mean all. */
function parseLimit(given: unknown, fallback: number | null): number | null {
  if (given === undefined || given === null) return fallback
  const limit = wholeNumber(given)
  if (limit !== undefined && limit < 0) throw invalid('limit_page_length must not be negative')
  return limit === undefined || limit === 0 ? null : limit
}

function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'number' ? value : typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
  return Number.isSafeInteger(Math.trunc(number)) ? Math.trunc(number) : undefined
}
