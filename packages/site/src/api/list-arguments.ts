import { invalid, parseFilters } from '@annex/protocol'
import type { ListRequest } from '../backend/backend.ts'

type Arguments = Readonly<Record<string, unknown>>

const DEFAULT_LIMIT = 20

/**
 * A list's arguments as Frappe's clients spell them.
 *
 * @throws {FrappeError} `ValidationError` that names the argument and the form it must have
 */
export function parseListArguments(doctype: string, args: Arguments): ListRequest {
  const fields = parseFields(args['fields'])
  return {
    doctype,
    ...(fields ? { fields } : {}),
    filters: parseFilters(args['filters']),
    orFilters: parseFilters(args['or_filters']),
    orderBy: parseText(args, 'order_by'),
    groupBy: parseText(args, 'group_by'),
    distinct: parseFlag(args['distinct']),
    start: parseStart(args['limit_start']),
    limit: parseLimit(args),
    ...(args['parent'] ? { parent: parseText(args, 'parent') } : {}),
  }
}

/** `fields` as a JSON list, JSON text of one, or `"*"`. */
function parseFields(input: unknown): readonly string[] | undefined {
  const value = typeof input === 'string' ? parseFieldsText(input) : input
  if (value === undefined || value === null) return undefined
  if (value === '*') return ['*']
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value
  throw invalid('fields must be a JSON list of names, such as ["name", "modified"]')
}

function parseFieldsText(text: string): unknown {
  if (text.trim() === '') return undefined
  if (text.trim() === '*') return '*'
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('fields is not valid JSON; send a JSON list of names, such as ["name", "modified"]')
  }
}

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

/** Frappe's page size: `0`, empty and text mean all; `limit` counts when `limit_page_length` is absent. */
function parseLimit(args: Arguments): number | null {
  const given = args['limit_page_length'] ?? args['limit']
  if (given === undefined || given === null) return DEFAULT_LIMIT
  const limit = wholeNumber(given)
  if (limit !== undefined && limit < 0) throw invalid('limit_page_length must not be negative')
  return limit === undefined || limit === 0 ? null : limit
}

function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'number' ? value : typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
  return Number.isSafeInteger(Math.trunc(number)) ? Math.trunc(number) : undefined
}
