import type { UpstreamClient } from '@annex/connector'
import { invalid, type DocType, type Filter, type LinkMatch } from '@annex/protocol'
import type { LinkSearchRequest, Row } from '../backend/backend.ts'
import { beyondInUse, filtersInUse } from '../doctypes/definition/filters-in-use.ts'
import { listAccess, visibleFields } from '../policy/field-levels.ts'
import type { Principal } from '../policy/principal.ts'
import { rowConditions } from '../policy/row-conditions.ts'
import type { Related } from './definitions.ts'
import { checkFilters, withConditions } from './narrow-list.ts'
import { notBuilt, refused } from './refusals.ts'
import { Sight } from './sight.ts'

/**
 * What a link field offers. The other site searches as the service user; where the caller may not see all
 * that a match shows, names alone are looked through, and what may be seen describes them.
 */
export async function searchMatches(
  client: UpstreamClient,
  principal: Principal,
  related: Related,
  request: LinkSearchRequest,
): Promise<LinkMatch[]> {
  const { doctype } = related
  if (doctype.virtual || doctype.istable) throw invalid(`Nothing can link to ${doctype.name}; search another DocType`)
  const access = listAccess(principal, doctype)
  if (access === 'none') throw refused(doctype.name)
  checkFilters(new Sight({ principal, related, access }), beyondInUse(doctype, request.filters ?? []))
  const conditions = rowConditions(principal, doctype, 'select', related.of, request.referenceDoctype)
  const { filters = [], orFilters = [] } = withConditions(conditions, request)
  if (orFilters.length > 0) throw notBuilt('A link search among your own documents and those that your user permissions allow')
  const seen = visibleFields(principal, doctype, access)
  const shown = [...new Set([doctype.title_field, ...doctype.search_fields])].filter((fieldname) =>
    doctype.fields.some((field) => field.fieldname === fieldname),
  )
  if (shown.every((fieldname) => seen.has(fieldname))) return client.searchLink(doctype.name, { ...request, filters })
  return searchNames(
    client,
    doctype,
    shown.filter((fieldname) => seen.has(fieldname)),
    { ...request, filters },
  )
}

async function searchNames(
  client: UpstreamClient,
  doctype: DocType,
  shown: readonly string[],
  request: LinkSearchRequest & { filters: readonly Filter[] },
): Promise<LinkMatch[]> {
  const { text, filters, start = 0, limit } = request
  const named: Filter[] = text === '' ? [] : [{ fieldname: 'name', operator: 'like', value: `%${text}%` }]
  const rows = await client.list(doctype.name, {
    fields: ['name', ...shown],
    filters: [...filters, ...filtersInUse(doctype), ...named],
    orderBy: 'name asc',
    start,
    limit,
  })
  // The percent sign and the underscore are text here, and wildcards there.
  return rows.filter((row) => String(row['name']).toLowerCase().includes(text.toLowerCase())).map((row) => toMatch(row, shown))
}

const toMatch = (row: Row, shown: readonly string[]): LinkMatch => ({
  value: String(row['name']),
  description: [...new Set(shown.map((fieldname) => textOf(row[fieldname])).filter((text) => text !== ''))].join(', '),
})

const textOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
