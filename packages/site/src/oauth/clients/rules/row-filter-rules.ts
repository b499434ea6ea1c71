import { FrappeError, invalid, isRecord, parseFilters, type DocType, type Filter } from '@annex/protocol'
import { faultOfRowFilter } from '../../../policy/row-filters.ts'

type DoctypeOf = (name: string) => DocType | undefined

const MAX_DOCTYPES = 100
const MAX_FILTERS = 20

/**
 * Judges the row filters of an app: filters in Frappe's form by DocType, on fields that these have.
 *
 * @throws {FrappeError} `ValidationError` that names the DocType and what is wrong with its filters
 */
export function checkRowFilters(json: unknown, doctypeOf: DoctypeOf): void {
  if (json === undefined || json === null || json === '') return
  const filters = typeof json === 'string' ? parseJson(json) : json
  if (!isRecord(filters)) throw invalid('Row Filters must be an object of filters by DocType')
  const entries = Object.entries(filters)
  if (entries.length > MAX_DOCTYPES) throw invalid(`Row Filters: name at most ${MAX_DOCTYPES} DocTypes`)
  for (const [name, input] of entries) checkDoctype(name, input, doctypeOf)
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw invalid('Row Filters is not valid JSON')
  }
}

function checkDoctype(name: string, input: unknown, doctypeOf: DoctypeOf): void {
  const shown = name.slice(0, 100)
  const doctype = doctypeOf(name)
  if (!doctype) throw invalid(`Row Filters name the DocType ${shown}, which this site has not`)
  const filters = parse(shown, input)
  if (filters.length === 0) throw invalid(`Row Filters of ${shown} hold no filter; leave the DocType out`)
  if (filters.length > MAX_FILTERS) throw invalid(`Row Filters of ${shown}: write at most ${MAX_FILTERS}`)
  for (const filter of filters) {
    const fault = faultOfRowFilter(doctype, filter, doctypeOf)
    if (fault !== undefined) throw invalid(`Row Filters: ${fault}`)
  }
}

function parse(doctype: string, input: unknown): Filter[] {
  try {
    return parseFilters(input)
  } catch (error) {
    if (error instanceof FrappeError) throw invalid(`Row Filters of ${doctype}: ${error.message}`)
    throw error
  }
}
