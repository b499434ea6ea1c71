import { FrappeError, parseFilters } from '@annex/protocol'
import type { Arguments, Filters } from '../types.ts'

/** Where the two versions of Frappe's API stand, and under which key a method answers. */
export const VERSIONS = {
  1: { documents: '/api/resource/', methods: '/api/method/', answer: 'message' },
  2: { documents: '/api/v2/document/', methods: '/api/v2/method/', answer: 'data' },
} as const
export type Version = keyof typeof VERSIONS

/** Dots alone would climb in the path, however they are encoded, and nothing at all would name the whole list. */
export function pathPart(name: string | number): string {
  const text = String(name)
  if (/^\.{0,2}$/.test(text)) throw new FrappeError('DoesNotExistError', `“${text}” is not a name that can be asked for`)
  return encodeURIComponent(text)
}

export function encodeQuery(query: Arguments): string {
  const sent = Object.entries(query).filter(([, value]) => value !== undefined && value !== null)
  return new URLSearchParams(
    Object.fromEntries(sent.map(([name, value]) => [name, typeof value === 'string' ? value : encodeJson(value)])),
  ).toString()
}

/** @throws {TypeError} for a Date: the site's times have no zone, and JSON's would be taken for another moment */
export const encodeJson = (value: unknown): string => JSON.stringify(value, refuseDates)

function refuseDates(this: unknown, key: string, value: unknown): unknown {
  if ((this as Readonly<Record<string, unknown>>)[key] instanceof Date)
    throw new TypeError(
      `${key || 'value'}: write the time as text in the site's zone, as “2026-11-22 09:30:00” (timeZone() names the zone)`,
    )
  return value
}

/** The one form that no version of Frappe takes for another. */
export const quadruples = (doctype: string, filters: Filters): unknown[][] =>
  parseFilters(filters).map(({ doctype: own = doctype, fieldname, operator, value }) => [own, fieldname, operator, value])
