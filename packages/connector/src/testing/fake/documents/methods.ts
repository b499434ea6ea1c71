import { FrappeError, isRecord, isRight, notFound, STANDARD_FIELDS } from '@annex/protocol'
import { randomToken } from '../../../core/sealing/base64.ts'
import { isTable } from './doctypes.ts'
import type { FakeDocument } from './fake-documents.ts'
import { searchLink } from './fake-search.ts'
import type { FakeCaller, Records } from './records.ts'
import { limitOf, parsed, readListQuery, type Parameters } from './requests.ts'
import { asText, textIn } from './texts.ts'

interface MethodReply {
  readonly value?: unknown
  /** Further keys beside the value. */
  readonly body?: Readonly<Record<string, unknown>>
  /** A page of the layer below, with 404. */
  readonly html?: string
}

interface MethodCall {
  readonly records: Records
  readonly parameters: Parameters
  readonly caller: FakeCaller
  readonly doctype: string
  readonly name: string
}

type Method = (call: MethodCall) => MethodReply

const CLIENT = 'frappe.client.'
/** Methods that a Frappe takes by POST and PUT alone. */
const WRITING = ['set_value', 'insert', 'insert_many', 'save', 'submit', 'cancel', 'bulk_update', 'rename_doc'].map((name) => CLIENT + name)

const methods: Readonly<Record<string, Method>> = {
  ping: () => ({ value: 'pong' }),
  'frappe.ping': () => ({ value: 'pong' }),
  'frappe.auth.get_logged_user': ({ caller }) => ({ value: caller.user.name }),
  [`${CLIENT}get_time_zone`]: () => ({ value: { time_zone: 'Etc/UTC' } }),
  [`${CLIENT}get_list`]: ({ records, caller, doctype, parameters }) => ({
    value: records.list(caller, doctype, readListQuery(parameters, limitOf(parameters, ['limit_page_length']))),
  }),
  [`${CLIENT}get_count`]: ({ records, caller, doctype, parameters }) => ({
    value: records.count(caller, doctype, readListQuery(parameters, undefined)),
  }),
  'frappe.desk.reportview.get_count': ({ records, caller, doctype, parameters }) => {
    const rows = records.list(caller, doctype, { ...readListQuery(parameters, undefined), fields: ['name'] })
    return { value: asText(parameters['distinct']) === 'true' ? new Set(rows.map((row) => row['name'])).size : rows.length }
  },
  [`${CLIENT}get`]: readOne,
  [`${CLIENT}get_value`]: readValue,
  [`${CLIENT}get_single_value`]: ({ records, caller, doctype, parameters }) => ({
    value: records.read(caller, doctype, doctype)[textIn(parameters['field']) ?? ''] ?? null,
  }),
  [`${CLIENT}set_value`]: setValue,
  [`${CLIENT}insert`]: ({ records, caller, parameters }) => {
    const { doctype, ...values } = documentIn(parameters['doc'])
    return { value: records.insert(caller, asText(doctype), values) }
  },
  [`${CLIENT}insert_many`]: insertMany,
  [`${CLIENT}save`]: (call) => ({ value: saved(call, undefined) }),
  [`${CLIENT}submit`]: (call) => ({ value: saved(call, 1) }),
  [`${CLIENT}cancel`]: ({ records, caller, doctype, name }) => {
    records.permit(caller, doctype, 'cancel')
    return { value: records.update(caller, doctype, name, { docstatus: 2 }) }
  },
  [`${CLIENT}delete`]: ({ records, caller, doctype, name }) => {
    records.remove(caller, doctype, name)
    return {}
  },
  [`${CLIENT}bulk_update`]: bulkUpdate,
  [`${CLIENT}rename_doc`]: rename,
  [`${CLIENT}validate_link`]: validateLink,
  [`${CLIENT}has_permission`]: ({ records, caller, doctype, parameters }) => ({
    value: { has_permission: isPermitted(records, caller, doctype, textIn(parameters['perm_type']) ?? 'read') },
  }),
  [`${CLIENT}set_default`]: ({ records }) => {
    if (records.traits.frappe) throw new FrappeError('ValidationError', 'Failed to get method for command frappe.client.set_default')
    return {}
  },
  'frappe.desk.search.search_link': search,
  'frappe.desk.form.load.getdoctype': ({ records, doctype }) => {
    const defined = records.documents.doctype(doctype)
    if (defined === undefined) throw notFound('DocType', doctype)
    const rows = defined.fields.filter(isTable).flatMap((field) => records.documents.doctype(field.options ?? '') ?? [])
    return { body: { docs: [defined, ...rows].map((one) => ({ doctype: 'DocType', ...one })), user_settings: '{}' } }
  },
  'frappe.desk.form.assign_to.add': ({ records, caller, doctype, name, parameters }) => {
    records.read(caller, doctype, name)
    const users = parsed(parameters['assign_to'])
    if (!Array.isArray(users)) throw new FrappeError('JSONDecodeError', 'assign_to must be a JSON list', { status: 500 })
    return { value: users.slice(0, 5).map((owner) => ({ owner: asText(owner), name: randomToken().slice(0, 10) })) }
  },
}

/** @throws {FrappeError} what the method refuses; an unknown method is a ValidationError, as at a Frappe */
export function callMethod(records: Records, method: string, parameters: Parameters, caller: FakeCaller, verb: string): MethodReply {
  const found = methods[method]
  if (found === undefined) throw new FrappeError('ValidationError', `Failed to get method for command ${method}`)
  if (WRITING.includes(method) && !['POST', 'PUT'].includes(verb)) throw new FrappeError('PermissionError', 'Not permitted')
  const doctype = textIn(parameters['doctype'] ?? parameters['dt']) ?? ''
  return found({ records, parameters, caller, doctype, name: textIn(parameters['name'] ?? parameters['docname']) ?? '' })
}

function documentIn(value: unknown): Record<string, unknown> {
  const document = parsed(value)
  if (!isRecord(document) || typeof document['doctype'] !== 'string')
    throw new FrappeError('ValidationError', 'The document has no doctype')
  return document
}

/** The document of a name, of a Single, or the first that filters find. */
function readOne({ records, caller, doctype, name, parameters }: MethodCall): MethodReply {
  if (name !== '') return { value: records.read(caller, doctype, name) }
  if (parameters['filters'] === undefined) return { value: records.read(caller, doctype, doctype) }
  const [row] = records.list(caller, doctype, { ...readListQuery(parameters, 1), fields: ['name'], orderBy: 'modified desc' })
  if (row === undefined) throw notFound(doctype, '')
  return { value: records.read(caller, doctype, asText(row['name'])) }
}

function readValue({ records, caller, doctype, parameters }: MethodCall): MethodReply {
  const wanted = parsed(parameters['fieldname'] ?? 'name')
  const fields = Array.isArray(wanted) ? wanted.map(asText) : [asText(wanted)]
  const filters = parsed(parameters['filters'])
  const named = typeof filters === 'string' ? { name: filters } : filters
  const [row] = records.list(caller, doctype, { ...readListQuery({ ...parameters, filters: named, fields }, 1) })
  const listed = ['0', 'false'].includes(asText(parameters['as_dict']))
  return { value: row === undefined ? {} : listed ? Object.values(row) : row }
}

/** A plain value that is empty, zero or false becomes the empty text at a Frappe; an object of fields does not. */
function setValue({ records, caller, doctype, name, parameters }: MethodCall): MethodReply {
  const field = parsed(parameters['fieldname'])
  if (STANDARD_FIELDS.some((own) => own === field)) throw new FrappeError('ValidationError', `Cannot edit standard field ${asText(field)}`)
  const { value } = parameters
  const isFalsy = value === undefined || value === null || value === '' || value === 0 || value === false
  const plain = records.traits.frappe && isFalsy ? '' : value
  return { value: records.update(caller, doctype, name, isRecord(field) ? field : { [asText(field)]: plain }) }
}

/** All or none: what is refused is seen before anything is written. */
function insertMany({ records, caller, parameters }: MethodCall): MethodReply {
  const list = parsed(parameters['docs'])
  const documents = Array.isArray(list) ? list.map(documentIn) : []
  if (documents.length > 200) throw new FrappeError('ValidationError', 'Only 200 inserts allowed in one request')
  const done: { doctype: string; name: string }[] = []
  try {
    for (const { doctype, ...values } of documents)
      done.push({ doctype: asText(doctype), name: asText(records.insert(caller, asText(doctype), values)['name']) })
  } catch (error) {
    for (const { doctype, name } of done) records.documents.remove(doctype, name)
    throw error
  }
  return { value: done.map(({ name }) => name) }
}

/** What is sent has to be whole, with the stored `modified`. */
function saved({ records, caller, parameters }: MethodCall, docstatus: number | undefined): FakeDocument {
  const { doctype, ...values } = documentIn(parameters['doc'])
  const name = textIn(values['name'])
  if (name === undefined) return records.insert(caller, asText(doctype), values)
  if (values['modified'] === undefined)
    throw new FrappeError('TimestampMismatchError', 'The document was modified after you opened it: read it again')
  if (docstatus === 1) records.permit(caller, asText(doctype), 'submit')
  return records.update(caller, asText(doctype), name, { ...values, ...(docstatus === undefined ? {} : { docstatus }) })
}

function bulkUpdate({ records, caller, parameters }: MethodCall): MethodReply {
  const list = JSON.parse(asText(parameters['docs'])) as Record<string, unknown>[]
  const failed = list.flatMap(({ doctype, docname, ...values }) => {
    try {
      records.update(caller, asText(doctype), asText(docname), values)
      return []
    } catch (error) {
      return [{ doc: { doctype, docname, ...values }, exc: `Traceback (most recent call last):\n${String(error)}` }]
    }
  })
  return { value: { failed_docs: failed } }
}

function rename({ records, caller, doctype, parameters }: MethodCall): MethodReply {
  const [from, to] = [textIn(parameters['old_name']) ?? '', textIn(parameters['new_name']) ?? '']
  records.read(caller, doctype, from)
  records.permit(caller, doctype, 'write')
  const isMerge = ['1', 'true'].includes(asText(parameters['merge']))
  if (!isMerge && records.documents.read(doctype, to) !== undefined)
    throw new FrappeError('ValidationError', `${doctype} ${to} already exists`)
  records.documents.rename(doctype, from, to)
  return { value: to, body: { _server_messages: JSON.stringify([JSON.stringify({ message: `Document renamed from ${from} to ${to}` })]) } }
}

function validateLink({ records, caller, doctype, name, parameters }: MethodCall): MethodReply {
  records.permit(caller, doctype, 'select')
  const document = records.documents.read(doctype, name)
  if (document === undefined || records.documents.isHidden(doctype, name, caller.user.name)) return { value: { name: null } }
  const fields = parsed(parameters['fields'])
  const asked = Array.isArray(fields) ? fields.map((field) => [asText(field), document[asText(field)] ?? null]) : []
  return { value: { name: document['name'], ...Object.fromEntries(asked) } }
}

function isPermitted(records: Records, caller: FakeCaller, doctype: string, right: string): boolean {
  try {
    if (isRight(right)) records.permit(caller, doctype, right)
    return isRight(right)
  } catch {
    return false
  }
}

function search({ records, caller, doctype, parameters }: MethodCall): MethodReply {
  const text = textIn(parameters['txt'])
  if (text === undefined) throw new FrappeError('TypeError', "search_link() missing 1 required positional argument: 'txt'", { status: 500 })
  if (textIn(parameters['query'])) return { html: 'Not Found' }
  const found = records.list(
    caller,
    doctype,
    { ...readListQuery({ filters: parameters['filters'] }, undefined), fields: ['name'] },
    'select',
  )
  const names = new Set(found.map((row) => row['name']))
  const seen = records.documents.all(doctype).filter((document) => names.has(document['name']))
  const limit = Number(parameters['page_length'] ?? 10)
  // At a Frappe there is no start: who sends one gets the first page again.
  const start = records.traits.frappe ? 0 : Number(parameters['start'] ?? 0)
  const query = { text: text.trim(), searchfield: textIn(parameters['searchfield']), start, limit }
  return { value: searchLink(records.documents, doctype, seen, query) }
}
