import { isRecord, parseFilters, readScope, splitScope, type Filter, type Right } from '@annex/protocol'
import type { GrantRow } from '../../storage/oauth-tables.ts'
import { DETAILS_TYPE, type Detail } from './authorization-details.ts'

/** What a token may do on one DocType, as an app is told of it. @see RFC 9396 section 7 */
export interface GrantedDetail {
  readonly type: typeof DETAILS_TYPE
  readonly doctype: string
  readonly actions: readonly Right[]
  readonly filters?: readonly FilterTriple[]
}

/** Frappe's form of a filter. */
export type FilterTriple = readonly [fieldname: string, operator: string, value: unknown]

export const tripleOf = ({ fieldname, operator, value }: Filter): FilterTriple => [fieldname, operator, value]

/** What a grant keeps of the details it was asked with: by DocType, the app's own filters. */
export const storedDetails = (details: readonly Detail[]): string | undefined =>
  details.length === 0
    ? undefined
    : JSON.stringify(Object.fromEntries(details.map(({ doctype, filters }) => [doctype, filters.map(tripleOf)])))

/** By DocType, the filters that a JSON column of a grant holds. */
export function readTriples(json: string | null): ReadonlyMap<string, readonly FilterTriple[]> {
  const byDoctype: unknown = json === null ? {} : JSON.parse(json)
  if (!isRecord(byDoctype)) return new Map()
  return new Map(Object.entries(byDoctype).map(([doctype, filters]) => [doctype, parseFilters(filters).map(tripleOf)]))
}

/**
 * The `authorization_details` of a token: of the DocTypes that were asked for in this way, or whose documents are limited, the
 * rights that the token has. Undefined where there is nothing to tell.
 */
export function grantedDetails(scope: string, grant: Pick<GrantRow, 'filters' | 'details'>): GrantedDetail[] | undefined {
  if (grant.filters === null && grant.details === null) return undefined
  const filters = readTriples(grant.filters)
  const doctypes = new Set([...readTriples(grant.details).keys(), ...filters.keys()])
  const details = [...doctypes].map((doctype) => detailOf(doctype, scope, filters.get(doctype))).filter(({ actions }) => actions.length > 0)
  return details.length === 0 ? undefined : details
}

function detailOf(doctype: string, scope: string, filters: readonly FilterTriple[] | undefined): GrantedDetail {
  const actions = splitScope(scope).flatMap((token) => {
    const read = readScope(token)
    return read?.kind === 'document' && (read.doctype === doctype || read.doctype === '*') ? [read.right] : []
  })
  return { type: DETAILS_TYPE, doctype, actions: [...new Set(actions)], ...(filters === undefined ? {} : { filters }) }
}
