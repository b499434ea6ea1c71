import { STANDARD_FIELDS, isColumn, isRecord, isTreeOperator, parseFilters, readScope, type DocType, type Filter } from '@annex/protocol'
import { treeParentField } from '../doctypes/definition/tree-parent-field.ts'
import type { Principal } from './principal.ts'
import type { ChildOf } from './user-permissions.ts'

/** By DocType, what each of its documents must meet, all of it. */
export type RowFilters = ReadonlyMap<string, readonly Filter[]>

/** A name is never nothing: no document meets this. */
const NO_DOCUMENT: Filter = { fieldname: 'name', operator: '=', value: null }

/**
 * Reads row filters as they are stored: JSON, an object of filters in Frappe's form by DocType. What cannot be read keeps
 * every document of its DocType away, so that a filter that was meant to hold back never lets through.
 *
 * @returns undefined for text that is no such object at all
 */
export function parseRowFilters(text: string): RowFilters | undefined {
  const byDoctype = parsed(text)
  if (!isRecord(byDoctype)) return undefined
  return new Map(Object.entries(byDoctype).map(([doctype, input]) => [doctype, filtersIn(input)]))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function filtersIn(input: unknown): readonly Filter[] {
  try {
    const filters = parseFilters(input)
    return filters.length > 0 ? filters : [NO_DOCUMENT]
  } catch {
    return [NO_DOCUMENT]
  }
}

/** A document must meet what each of them says of its DocType. */
export function mergeRowFilters(each: readonly RowFilters[]): RowFilters {
  const merged = new Map<string, readonly Filter[]>()
  for (const filters of each) for (const [doctype, more] of filters) merged.set(doctype, [...(merged.get(doctype) ?? []), ...more])
  return merged
}

/**
 * What remains of scopes where row filters hold: methods walk round them and `all` opens methods, so neither stays. A right on
 * every DocType stays, since each filter binds its own.
 *
 * @param filters - of the app and of the grant together; with none of them every scope stays
 */
export function scopesUnderFilters(scopes: readonly string[], filters: RowFilters | undefined): readonly string[] {
  if (filters === undefined || filters.size === 0) return scopes
  return scopes.filter((token) => !PASSING_BY.has(readScope(token)?.kind))
}

const PASSING_BY: ReadonlySet<unknown> = new Set(['all', 'method'])

/** DocTypes whose documents speak of one other document, by its DocType and name: they are reached with it. */
const ABOUT: ReadonlyMap<string, Reference> = new Map([
  ['Comment', { type: 'reference_doctype', name: 'reference_name' }],
  ['DocShare', { type: 'share_doctype', name: 'share_name' }],
  ['File', { type: 'attached_to_doctype', name: 'attached_to_name' }],
  ['ToDo', { type: 'reference_type', name: 'reference_name' }],
  ['Version', { type: 'ref_doctype', name: 'docname' }],
  ['Deleted Document', { type: 'deleted_doctype', name: 'deleted_name', gone: true }],
])

/** The fields that say which document is spoken of. */
export interface Reference {
  readonly type: string
  readonly name: string
  /** It is no more: nothing tells whether it was within the limits. */
  readonly gone?: boolean
}

/** What of a DocType's documents an app reaches. */
export interface RowLimits {
  /** Every one of these must hold. */
  readonly filters: readonly Filter[]
  /** Where its documents speak of others: of a limited DocType's, they are reached with those that are reached themselves. */
  readonly about?: Reference
  /** All of the app's, for the documents that are spoken of. */
  readonly all: RowFilters
}

/** What the caller's app is held to on a DocType; undefined for all documents, and for whoever calls without a token. */
export function rowLimits({ token }: Principal, doctype: string): RowLimits | undefined {
  return token?.rowFilters ? limitsIn(token.rowFilters, doctype) : undefined
}

/** Whether the caller's app is held to some documents of the DocType. */
export const isLimited = ({ token }: Principal, doctype: string): boolean =>
  token?.rowFilters !== undefined && limitsIn(token.rowFilters, doctype) !== undefined

/** What these row filters hold an app to on a DocType, by its own or by what its documents speak of; undefined for all documents. */
export function limitsIn(all: RowFilters, doctype: string): RowLimits | undefined {
  const filters = all.get(doctype) ?? []
  const about = all.size > 0 ? ABOUT.get(doctype) : undefined
  if (filters.length === 0 && !about) return undefined
  return { filters, ...(about ? { about } : {}), all }
}

/** The DocTypes of which not every document is reached: by filters of their own, or by what their documents speak of. */
export const limitedDoctypes = (all: RowFilters): readonly string[] => [...new Set([...all.keys(), ...ABOUT.keys()])]

/**
 * The field of a filter by whose links the DocType's documents are meant, if there is one: whoever gives such a document
 * another name, or another place in its tree, changes what the filter lets through.
 */
export function filterThatNames(principal: Principal, named: string, doctypeOf: ChildOf): string | undefined {
  for (const [name, filters] of principal.token?.rowFilters ?? []) {
    const fields = doctypeOf(name)?.fields ?? []
    const isMeant = ({ fieldname }: Filter): boolean =>
      fields.some((field) => field.fieldname === fieldname && field.fieldtype === 'Link' && field.options === named)
    const found = filters.find((filter) => isMeant(filter) || (name === named && isTreeOperator(filter.operator)))
    if (found) return `${name}.${found.fieldname}`
  }
  return undefined
}

/**
 * What is wrong with a row filter, for whoever saves one; undefined when documents can be held to it.
 *
 * Fields of child rows and fields behind links are not filtered by: a document would change sides without being changed.
 */
export function faultOfRowFilter(doctype: DocType, filter: Filter, doctypeOf: ChildOf): string | undefined {
  const { fieldname, operator } = filter
  if (doctype.istable) return `${doctype.name} is a child table; filter the documents that its rows belong to`
  if (doctype.virtual || doctype.issingle) return `${doctype.name} has no list of stored documents that could be filtered`
  if (filter.doctype !== undefined && filter.doctype !== doctype.name)
    return `a filter of ${doctype.name} goes by its own fields, and not by those of ${filter.doctype.slice(0, 140)}`
  const field = doctype.fields.find((candidate) => candidate.fieldname === fieldname)
  if (field && (!isColumn(field) || field.fieldtype === 'Password'))
    return `${doctype.name}.${fieldname} holds no value that could be compared`
  if (!field && !(STANDARD_FIELDS as readonly string[]).includes(fieldname))
    return `${doctype.name} has no field ${fieldname.slice(0, 140)}`
  if (!isTreeOperator(operator)) return undefined
  const tree = fieldname === 'name' ? doctype : field?.fieldtype === 'Link' ? doctypeOf(field.options) : undefined
  return tree && treeParentField(tree) !== undefined ? undefined : `"${operator}" needs a name or a link to documents of a tree`
}
