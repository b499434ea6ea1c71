import {
  STANDARD_FIELDS,
  invalid,
  isRecord,
  notFound,
  notPermitted,
  parseFieldExpression,
  type DocType,
  type Document,
  type Filter,
} from '@annex/protocol'
import type { CountRequest, ListRequest, Row } from '../../backend/backend.ts'
import type { VirtualDocuments } from '../../doctypes/controller.ts'
import { listAccess, visibleFields } from '../../policy/field-levels.ts'
import type { Principal } from '../../policy/principal.ts'
import { isLimited } from '../../policy/row-filters.ts'
import { refusal, requireRight } from '../permit.ts'
import type { Premises } from '../premises.ts'

/** Documents without a table: their controller answers, by equal values alone. */
function documentsOf(premises: Premises, doctype: DocType): VirtualDocuments {
  const documents = premises.controllers.get(doctype.name)?.virtual
  if (!documents) throw invalid(`${doctype.name} cannot be read on this site`)
  return documents
}

/** Nothing that the site makes up as it is asked for can be held to the row filters of an app. */
function refuseLimited(principal: Principal, doctype: DocType): void {
  if (isLimited(principal, doctype.name))
    throw notPermitted(`The row filters of this app cannot be kept on ${doctype.name}; ask for other rights`)
}

export async function readVirtual(premises: Premises, principal: Principal, doctype: DocType, name: string): Promise<Document> {
  const document = await documentsOf(premises, doctype).read(name)
  if (!document) throw notFound(doctype.name, name)
  await requireRight(premises, premises.database.connection, principal, doctype, 'read', document)
  return seen(principal, doctype, document)
}

export async function listVirtual(premises: Premises, principal: Principal, doctype: DocType, request: ListRequest): Promise<Row[]> {
  refuseLimited(principal, doctype)
  if (listAccess(principal, doctype) !== 'read') throw refusal(doctype, 'read')
  if (request.groupBy || request.orFilters?.length)
    throw invalid(`${doctype.name} can be listed by equal values alone; leave or_filters and group_by out`)
  const filters = equalities(principal, doctype, request.filters ?? [])
  const documents = await documentsOf(premises, doctype).list({ filters, start: request.start ?? 0, limit: request.limit ?? null })
  return documents.map((document) => chosen(seen(principal, doctype, document), request.fields ?? ['name']))
}

export async function countVirtual(premises: Premises, principal: Principal, doctype: DocType, request: CountRequest): Promise<number> {
  refuseLimited(principal, doctype)
  if (listAccess(principal, doctype) !== 'read') throw refusal(doctype, 'read')
  if (request.orFilters?.length) throw invalid(`${doctype.name} can be counted by equal values alone; leave or_filters out`)
  return documentsOf(premises, doctype).count(equalities(principal, doctype, request.filters ?? []))
}

function equalities(principal: Principal, doctype: DocType, filters: readonly Filter[]): Record<string, unknown> {
  const known = visibleFields(principal, doctype, 'read')
  return Object.fromEntries(
    filters.map(({ fieldname, operator, value }) => {
      if (operator !== '=' || isRecord(value) || Array.isArray(value))
        throw invalid(`${doctype.name} can be filtered by equal values alone; write ["${fieldname.slice(0, 60)}", "=", value]`)
      if (!known.has(fieldname) && !(STANDARD_FIELDS as readonly string[]).includes(fieldname))
        throw invalid(`${doctype.name} has no field ${fieldname.slice(0, 60)} to filter by`)
      return [fieldname, value]
    }),
  )
}

function seen(principal: Principal, doctype: DocType, document: Document): Document {
  const visible = visibleFields(principal, doctype, 'read')
  const hidden = doctype.fields.filter((field) => !visible.has(field.fieldname)).map((field) => field.fieldname)
  return Object.fromEntries(Object.entries(document).filter(([key]) => !hidden.includes(key))) as Document
}

function chosen(document: Document, fields: readonly string[]): Row {
  const row: Row = {}
  for (const field of fields.map(parseFieldExpression)) {
    if (field.kind === 'all') Object.assign(row, document)
    else if (field.kind === 'column' && field.path.via === undefined && field.path.fieldname in document)
      row[field.alias ?? field.path.fieldname] = document[field.path.fieldname]
  }
  return row
}
