import { invalid, isRecord, parseFilters, type Filter, type Values } from '@annex/protocol'
import { checkJson } from '../http/request-body.ts'

export type Arguments = Readonly<Record<string, unknown>>

/** A document that says its own DocType. */
export type SentDocument = Values & { readonly doctype: string }

/**
 * An argument that is JSON, or JSON text as forms and addresses carry it; undefined when there is none.
 *
 * @throws {FrappeError} `ValidationError` for text that is no JSON, or JSON that no body may hold
 */
export function parseJson(value: unknown, name: string): unknown {
  if (value === null || value === '') return undefined
  if (typeof value !== 'string') return value
  const parsed = parseText(value, name)
  checkJson(parsed)
  return parsed ?? undefined
}

function parseText(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid(`${name} is not valid JSON; check its quotes, commas and brackets`)
  }
}

/** @throws {FrappeError} `ValidationError` when it is no JSON list */
export function requireList(args: Arguments, name: string): readonly unknown[] {
  const value = parseJson(args[name], name)
  if (Array.isArray(value)) return value
  throw invalid(`${name} is missing; send it as a JSON list`)
}

/** @throws {FrappeError} `ValidationError` when it is no JSON object with a `doctype` */
export const requireDocument = (args: Arguments, name: string): SentDocument => toDocument(parseJson(args[name], name), name)

/** @throws {FrappeError} as `requireDocument` */
export function toDocument(value: unknown, name: string): SentDocument {
  if (isRecord(value) && typeof value['doctype'] === 'string' && value['doctype'] !== '')
    return value as Record<string, unknown> & { doctype: string }
  throw invalid(`${name} must be one JSON object with the key doctype`)
}

/** `filters` where Frappe also takes the name of a document in its place. */
export type Chosen = { readonly name: string } | { readonly filters: readonly Filter[] } | undefined

export function parseChosen(value: unknown): Chosen {
  if (typeof value === 'number') return { name: String(value) }
  if (typeof value !== 'string') return value === undefined || value === null ? undefined : { filters: parseFilters(value) }
  const text = value.trim()
  if (text === '' || text === 'null') return undefined
  if (!/^[[{"]/.test(text)) return { name: value }
  const read = parseJson(text, 'filters')
  return typeof read === 'string' ? { name: read } : { filters: parseFilters(read) }
}

/** The filters that choose the same documents. */
export const filtersOf = (chosen: Chosen): readonly Filter[] =>
  chosen === undefined ? [] : 'filters' in chosen ? chosen.filters : [{ fieldname: 'name', operator: '=', value: chosen.name }]
