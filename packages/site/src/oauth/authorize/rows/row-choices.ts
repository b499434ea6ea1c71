import { readScope, scopeName, splitScope, type DocType, type Filter } from '@annex/protocol'
import { faultOfRowFilter, parseRowFilters, scopesUnderFilters } from '../../../policy/row-filters.ts'
import type { GrantRow } from '../../storage/oauth-tables.ts'
import { readTriples, tripleOf, type FilterTriple } from '../details/granted-details.ts'
import type { Detail } from '../details/authorization-details.ts'
import { olderConnections } from '../older/older-connections.ts'
import type { DoctypeOf } from '../requested/requested-scopes.ts'

/** By DocType, the names of the documents that a user keeps an app to. */
export type RowChoices = ReadonlyMap<string, readonly string[]>

const PREFIX = 'only.'
const MAX_NAMES = 100
const MAX_NAME = 140

/** The form field for the documents of a DocType. */
export const rowField = (doctype: string): string => PREFIX + scopeName(doctype)

/** DocTypes whose documents the user may choose among: named by a scope that reaches documents which are there already. */
export function choosableDoctypes(scopes: readonly string[], doctypeOf: DoctypeOf): string[] {
  const named = scopes.flatMap((token) => {
    const scope = readScope(token)
    return scope?.kind === 'document' && scope.doctype !== '*' && scope.right !== 'create' ? [scope.doctype] : []
  })
  return [...new Set(named)].filter((name) => {
    const doctype = doctypeOf(name)
    return doctype !== undefined && isChoosable(doctype, doctypeOf)
  })
}

const isChoosable = (doctype: DocType, doctypeOf: DoctypeOf): boolean =>
  faultOfRowFilter(doctype, { fieldname: 'name', operator: 'in', value: [] }, doctypeOf) === undefined

/** What was typed, by DocType: one name a line; only of DocTypes whose field was on the page. */
export function readChoices(form: URLSearchParams, doctypes: readonly string[]): RowChoices {
  return new Map(
    doctypes.flatMap((doctype): [string, string[]][] => {
      const text = form.get(rowField(doctype))
      return text === null
        ? []
        : [
            [
              doctype,
              [
                ...new Set(
                  text
                    .split(/\r?\n/)
                    .map((line) => line.trim())
                    .filter((line) => line !== ''),
                ),
              ],
            ],
          ]
    }),
  )
}

export const isRowField = (field: string): boolean => field.startsWith(PREFIX)

/** The names that cannot be chosen: the user sees no such documents, or they are too many; undefined when all is well. */
export async function faultOfChoices(
  choices: RowChoices,
  listNames: (doctype: string, names: readonly string[]) => Promise<ReadonlySet<string>>,
): Promise<{ readonly doctype: string; readonly names: readonly string[] } | undefined> {
  for (const [doctype, names] of choices) {
    if (names.length === 0) continue
    const over = names.length > MAX_NAMES ? names.slice(MAX_NAMES, MAX_NAMES + 1) : names.filter((name) => name.length > MAX_NAME)
    if (over.length > 0) return { doctype, names: over }
    const seen = await listNames(doctype, names)
    const unseen = names.filter((name) => !seen.has(name))
    if (unseen.length > 0) return { doctype, names: unseen }
  }
  return undefined
}

/**
 * What the user chose at their last consent, by DocType. Of several grants the newest that names a DocType counts:
 * a choice that was taken back stays taken back.
 *
 * @param grants - living ones of this user and client, newest first
 */
export function rememberedChoices(grants: readonly GrantRow[]): RowChoices {
  const choices = new Map<string, readonly string[]>()
  for (const grant of olderConnections(grants)) {
    const [filters, details] = [readTriples(grant.filters), readTriples(grant.details)]
    for (const doctype of new Set([...namedDoctypes(splitScope(grant.granted)), ...filters.keys()]))
      if (!choices.has(doctype)) choices.set(doctype, chosenNames(filters.get(doctype) ?? [], details.get(doctype) ?? []))
  }
  return new Map([...choices].filter(([, names]) => names.length > 0))
}

/** Behind the app's own filters stands the user's choice. */
function chosenNames(filters: readonly FilterTriple[], ofApp: readonly FilterTriple[]): string[] {
  const [, , names] = filters[ofApp.length] ?? []
  return Array.isArray(names) ? names.map(String) : []
}

/**
 * Whether a scope that was granted covers what is asked for now: the app asked then with no other filters than it does now.
 */
export function isWithin(token: string, grant: Pick<GrantRow, 'details'>, details: readonly Detail[]): boolean {
  const scope = readScope(token)
  if (grant.details === null || scope?.kind !== 'document') return true
  const now = new Map(details.map((detail) => [detail.doctype, new Set(detail.filters.map(textOf))]))
  const then = [...readTriples(grant.details)].filter(([doctype]) => scope.doctype === '*' || scope.doctype === doctype)
  return then.every(([doctype, filters]) =>
    filters.every(([fieldname, operator, value]) => now.get(doctype)?.has(JSON.stringify([fieldname, operator, value])) === true),
  )
}

const textOf = (filter: Filter): string => JSON.stringify(tripleOf(filter))

export interface Limited {
  readonly granted: readonly string[]
  /** For the grant; undefined for none. */
  readonly filters: string | undefined
}

/**
 * The filters of a grant, the app's and then the user's, and what remains of its scopes under them (provider.md 0.15).
 *
 * @param actsAsAll - `openid` of this app reads documents, so that its filters must hold under that scope alone, too
 */
export function limitRows(granted: readonly string[], details: readonly Detail[], choices: RowChoices, actsAsAll = false): Limited {
  const readsAll = actsAsAll && granted.includes('openid')
  const isReached = (doctype: string): boolean => readsAll || granted.some((token) => reaches(token, doctype))
  const filters: Record<string, FilterTriple[]> = {}
  for (const detail of details)
    if (detail.filters.length > 0 && isReached(detail.doctype)) filters[detail.doctype] = detail.filters.map(tripleOf)
  for (const [doctype, names] of choices) if (names.length > 0 && isReached(doctype)) (filters[doctype] ??= []).push(['name', 'in', names])
  if (Object.keys(filters).length === 0) return { granted, filters: undefined }
  const json = JSON.stringify(filters)
  return { granted: scopesUnderFilters(granted, parseRowFilters(json)), filters: json }
}

function reaches(token: string, doctype: string): boolean {
  const scope = readScope(token)
  return scope?.kind === 'document' && (scope.doctype === doctype || scope.doctype === '*')
}

const namedDoctypes = (scopes: readonly string[]): string[] =>
  scopes.flatMap((token) => {
    const scope = readScope(token)
    return scope?.kind === 'document' && scope.doctype !== '*' ? [scope.doctype] : []
  })
