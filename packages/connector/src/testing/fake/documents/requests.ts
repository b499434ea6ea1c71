import { isRecord } from '@annex/protocol'
import type { FakeRequest } from '../replies.ts'
import type { ListQuery } from './queries.ts'
import { asText, textIn } from './texts.ts'

/** The parameters of a call, by name. */
export type Parameters = Readonly<Record<string, unknown>>

/** Where a site reads parameters: a JSON body alone, else query and form together. */
export function readParameters({ body, headers, query }: FakeRequest): Parameters {
  const type = headers.get('content-type') ?? ''
  const json = body === '' || type.includes('form') ? undefined : (JSON.parse(body) as unknown)
  if (isRecord(json)) return json
  const form = type.includes('urlencoded') ? new URLSearchParams(body) : new URLSearchParams()
  return Object.fromEntries([...query, ...form])
}

/** A parameter that may come as JSON text. */
export function parsed(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{"]/.test(value)) return value
  return JSON.parse(value) as unknown
}

/** A list's parameters; `limit` is what each version and method makes of its own. */
export function readListQuery(parameters: Parameters, limit: number | undefined): ListQuery {
  const fields = parsed(parameters['fields'])
  return {
    fields: Array.isArray(fields) ? fields.map(asText) : [textIn(fields) ?? 'name'],
    filters: parsed(parameters['filters']),
    orFilters: parsed(parameters['or_filters']),
    orderBy: textIn(parameters['order_by']),
    groupBy: textIn(parameters['group_by']) || undefined,
    start: Number(parameters['limit_start'] ?? parameters['start'] ?? 0) || 0,
    limit,
  }
}

/** Of the first version: 20 unless said otherwise; 0, nothing and what is no number mean all. */
export function limitOf(parameters: Parameters, names: readonly string[], otherwise: number | undefined = 20): number | undefined {
  const value = names.map((name) => parameters[name]).find((one) => one !== undefined)
  if (value === undefined) return otherwise
  return Number(value) > 0 ? Number(value) : undefined
}

/** Of the second version: `limit` alone is looked at, and 0 means none. */
export const secondLimitOf = ({ limit }: Parameters): number => (limit === undefined ? 20 : Number(limit) || 0)
