import {
  FrappeError,
  OAuthError,
  documentScope,
  isRecord,
  isRight,
  parseFilters,
  type DocType,
  type Filter,
  type Right,
} from '@annex/protocol'
import { visibleFields } from '../../../policy/field-levels.ts'
import type { Principal } from '../../../policy/principal.ts'
import { faultOfRowFilter } from '../../../policy/row-filters.ts'
import type { DoctypeOf } from '../requested/requested-scopes.ts'
import { faultOfForm } from './filter-form.ts'

export const DETAILS_TYPE = 'frappe_doctype'

/** What an app asks for on one DocType: the rights, and which documents alone. */
export interface Detail {
  readonly doctype: string
  readonly actions: readonly Right[]
  /** All of them must be met; empty = any document. */
  readonly filters: readonly Filter[]
}

/** It goes through the address of the sign-in page, encoded twice. */
const MAX_TEXT = 4096
const MAX_DETAILS = 20
const MAX_FILTERS = 20
const MAX_VALUES = 100
const MAX_VALUE = 500
const MEMBERS: ReadonlySet<string> = new Set(['type', 'doctype', 'actions', 'filters'])
/** Fields of every document that need no definition. */
const STANDARD: ReadonlySet<string> = new Set(['name', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx'])

const wrong = (sentence: string): OAuthError =>
  new OAuthError('invalid_authorization_details', `authorization_details: ${sentence}`.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "'"))

/**
 * Reads the parameter `authorization_details`: a list of `{type: "frappe_doctype", doctype, actions, filters}`, each DocType once.
 *
 * @throws {OAuthError} `invalid_authorization_details` for another form or type, an unknown member or action
 * @see RFC 9396 sections 2 and 5
 */
export function parseDetails(text: string | undefined): Detail[] {
  if (text === undefined) return []
  if (text.length > MAX_TEXT) throw wrong(`send at most ${MAX_TEXT} characters`)
  const list = parseJson(text)
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_DETAILS) throw wrong(`send a list of 1 to ${MAX_DETAILS} objects`)
  const details = list.map(parseDetail)
  const names = new Set(details.map(({ doctype }) => doctype))
  if (names.size < details.length) throw wrong('name each DocType once')
  return details
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw wrong('this is not valid JSON')
  }
}

function parseDetail(detail: unknown): Detail {
  if (!isRecord(detail) || detail['type'] !== DETAILS_TYPE) throw wrong(`the one type here is ${DETAILS_TYPE}`)
  const stray = Object.keys(detail).find((member) => !MEMBERS.has(member))
  if (stray !== undefined) throw wrong(`${DETAILS_TYPE} has no member ${stray.slice(0, 40)}`)
  const { doctype, actions } = detail
  if (typeof doctype !== 'string' || !/^[A-Za-z][A-Za-z0-9_ -]{1,60}$/.test(doctype)) throw wrong('doctype must be the name of a DocType')
  if (!Array.isArray(actions) || actions.length === 0 || !actions.every(isAction))
    throw wrong('actions must be a list of rights, such as read and write')
  return { doctype, actions: [...new Set(actions)], filters: filtersOf(doctype, detail['filters']) }
}

const isAction = (action: unknown): action is Right => typeof action === 'string' && isRight(action)

function filtersOf(doctype: string, input: unknown): Filter[] {
  const filters = parsed(input)
  if (filters.length > MAX_FILTERS) throw wrong(`write at most ${MAX_FILTERS} filters of ${doctype}`)
  if (!filters.every(({ value }) => isComparable(value)))
    throw wrong(`a filter of ${doctype} must compare with texts, numbers, or a list of them`)
  const fault = filters.map(faultOfForm).find((found) => found !== undefined)
  if (fault !== undefined) throw wrong(`in a filter of ${doctype}, ${fault}`)
  return filters
}

function parsed(input: unknown): Filter[] {
  try {
    return parseFilters(input)
  } catch (error) {
    if (error instanceof FrappeError) throw wrong(error.message)
    throw error
  }
}

const isPlain = (one: unknown): boolean =>
  one === null || typeof one === 'number' || typeof one === 'boolean' || (typeof one === 'string' && one.length <= MAX_VALUE)

function isComparable(value: unknown): boolean {
  return Array.isArray(value) ? value.length <= MAX_VALUES && value.every(isPlain) : isPlain(value)
}

/** The scopes that details ask for. */
export const scopesOfDetails = (details: readonly Detail[]): string[] =>
  details.flatMap(({ doctype, actions }) => actions.map((action) => documentScope(doctype, action)))

export interface DetailFacts {
  readonly principal: Principal
  readonly doctypeOf: DoctypeOf
  /** Tries filters as the user would list by them; throws what is wrong with them. */
  readonly tryFilters: (principal: Principal, doctype: string, filters: readonly Filter[]) => Promise<unknown>
}

/**
 * Judges the filters: fields that the DocType has and the user may read, and values that these can be compared with.
 * The scopes were judged before, so the DocType is one that the app may ask for.
 *
 * @returns what is wrong, for the user alone: it tells what they may see, and the app must not learn even that there is something
 */
export async function faultOfDetails(details: readonly Detail[], facts: DetailFacts): Promise<string | undefined> {
  for (const { doctype: name, filters } of details) {
    const doctype = facts.doctypeOf(name)
    const fault = doctype && filters.length > 0 ? await faultOfFilters(doctype, filters, facts) : undefined
    if (fault !== undefined) return fault
  }
  return undefined
}

async function faultOfFilters(
  doctype: DocType,
  filters: readonly Filter[],
  { principal, doctypeOf, tryFilters }: DetailFacts,
): Promise<string | undefined> {
  const readable = visibleFields(principal, doctype, 'read')
  for (const filter of filters) {
    // A field that is hidden from the user reads like one that is not there.
    if (!STANDARD.has(filter.fieldname) && !readable.has(filter.fieldname))
      return `${doctype.name} has no field ${filter.fieldname.slice(0, 140)} that you may read`
    const fault = faultOfRowFilter(doctype, filter, doctypeOf)
    if (fault !== undefined) return fault
  }
  try {
    await tryFilters(principal, doctype.name, filters)
    return undefined
  } catch (error) {
    if (error instanceof FrappeError) return error.excType === 'PermissionError' ? `you may not list ${doctype.name}` : error.message
    throw error
  }
}
