import { foldText } from '@annex/database'
import { fieldKind, invalid, type DocType, type LinkMatch } from '@annex/protocol'
import { sql, type RawBuilder } from 'kysely'
import type { LinkSearchRequest } from '../../backend/backend.ts'
import { beyondInUse, filtersInUse } from '../../doctypes/definition/filters-in-use.ts'
import type { Stored } from '../../doctypes/values/to-stored.ts'
import { listAccess } from '../../policy/field-levels.ts'
import type { Principal } from '../../policy/principal.ts'
import { rowConditions } from '../../policy/row-conditions.ts'
import { childOf, refusal, requireDocType } from '../permit.ts'
import type { Premises } from '../premises.ts'
import type { Column } from '../query/query-columns.ts'
import { conditions } from '../query/query-filters.ts'
import { rowsThatHold } from '../query/query-rows.ts'
import { searchRows } from '../query/search/search-rows.ts'
import { Sources } from '../query/query-sources.ts'
import { mayKnow } from './doctype.ts'

/** What a link field offers while a person types. */
export async function searchLink(premises: Premises, principal: Principal, request: LinkSearchRequest): Promise<LinkMatch[]> {
  const doctype = requireDocType(premises, principal, request.doctype, 'select')
  if (doctype.virtual || doctype.istable || doctype.issingle) throw invalid(`Nothing can link to ${doctype.name}; search another DocType`)
  const access = listAccess(principal, doctype)
  if (access === 'none' && doctype.name !== 'DocType') throw refusal(doctype, 'select')
  const sources = new Sources(premises, principal, doctype, access === 'none' ? 'select' : access)
  const columns = columnsShown(sources, request.searchField)
  const held = [
    ...rowsHeld(premises, principal, doctype, request),
    ...enabled(doctype),
    ...conditions(premises, sources, beyondInUse(doctype, request.filters ?? [])),
  ]
  const rows = await searchRows(premises, sources, { text: request.text, columns, held, start: request.start ?? 0, limit: request.limit })
  return inOrder(
    rows.map((row) => toMatch(doctype, columns, row)),
    request.text,
  )
}

function rowsHeld(
  premises: Premises,
  principal: Principal,
  doctype: DocType,
  { referenceDoctype }: LinkSearchRequest,
): RawBuilder<unknown>[] {
  if (doctype.name === 'DocType') return [definitionsOf(premises, principal)]
  return rowsThatHold(premises, doctype, 't', rowConditions(principal, doctype, 'select', childOf(premises), referenceDoctype))
}

/** Who may see documents of a DocType may find its name, whatever their rights on definitions. */
function definitionsOf(premises: Premises, principal: Principal): RawBuilder<unknown> {
  const names = premises.doctypes.names().filter((name) => mayKnow(premises, principal, premises.doctypes.require(name)))
  return names.length > 0 ? sql`${sql.ref('t.name')} in (${sql.join(names)})` : sql`1 = 0`
}

const enabled = (doctype: DocType): RawBuilder<unknown>[] =>
  filtersInUse(doctype).map(({ fieldname, value }) =>
    value === 1 ? sql`${sql.ref(`t.${fieldname}`)} = 1` : sql`${sql.ref(`t.${fieldname}`)} <> 1`,
  )

/** Name, title, the field asked for and search fields, as far as the caller may see them. */
function columnsShown(sources: Sources, asked = 'name'): Column[] {
  const { doctype, visible } = sources.main
  const further = sources.column({ fieldname: asked }, 'show')?.field.fieldname ?? 'name'
  const fields = [doctype.title_field, further, ...doctype.search_fields].filter(
    (fieldname) => fieldname === further || visible.has(fieldname),
  )
  return [...new Set(['name', ...fields])].flatMap((fieldname) => sources.own(fieldname) ?? [])
}

function toMatch(doctype: DocType, columns: readonly Column[], row: Record<string, Stored>): LinkMatch {
  const shown = new Map(columns.map((column, index) => [column.field.fieldname, textOf(column, row[`c${index}`] ?? null)]))
  const value = shown.get('name') ?? ''
  shown.delete('name')
  const label = doctype.show_title_field_in_link ? shown.get(doctype.title_field) : undefined
  if (label === undefined) return { value, description: described([...shown.values()]) }
  shown.delete(doctype.title_field)
  return { value, label: label || value, description: described([value, ...shown.values()]) }
}

/** Frappe writes a decimal with its point: `5.0`. */
function textOf(column: Column, stored: Stored): string {
  const shown = column.show(stored)
  if (shown === null || shown === 0) return ''
  return Number.isInteger(shown) && fieldKind(column.field) === 'decimal' ? `${shown}.0` : String(shown)
}

const described = (parts: readonly string[]): string => [...new Set(parts.filter((part) => part !== ''))].join(', ')

/** Names that begin with the text first, then by alphabet. */
function inOrder(matches: readonly LinkMatch[], text: string): LinkMatch[] {
  const folded = foldText(text)
  const rank = ({ value }: LinkMatch): number => (foldText(value).startsWith(folded) ? 0 : 1)
  return matches.toSorted((a, b) => rank(a) - rank(b) || (a.value < b.value ? -1 : a.value > b.value ? 1 : 0))
}
