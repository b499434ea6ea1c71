import type { Schema } from './document-schema.ts'

const text: Schema = { type: 'string' }
const count: Schema = { type: 'integer', minimum: 0, maximum: 1000 }
const document: Schema = { type: 'object', properties: { doctype: text, name: text }, required: ['doctype'] }
const names: Schema = { type: 'array', items: text }
const filters: Schema = {
  type: 'array',
  items: { type: 'array', prefixItems: [text, text, {}], minItems: 3, maxItems: 3 },
}
const [doctype, name] = [text, text]
const listed = { doctype, fields: names, filters, or_filters: filters, order_by: text, group_by: text }
const searched = { doctype, txt: text, query: text, filters, page_length: count, searchfield: text, reference_doctype: text }

/** The arguments of Frappe's methods that take documents; what is not here takes any. */
export const METHOD_ARGUMENTS: Readonly<Record<string, Readonly<Record<string, Schema>>>> = {
  'frappe.client.get': { doctype, name, filters },
  'frappe.client.get_list': { ...listed, limit_start: count, limit_page_length: count, parent: text },
  'frappe.client.get_count': { doctype, filters },
  'frappe.client.get_value': { doctype, fieldname: names, filters },
  'frappe.client.get_single_value': { doctype, field: text },
  'frappe.client.insert': { doc: document },
  'frappe.client.insert_many': { docs: { type: 'array', items: document, maxItems: 200 } },
  'frappe.client.save': { doc: document },
  'frappe.client.submit': { doc: document },
  'frappe.client.cancel': { doctype, name },
  'frappe.client.delete': { doctype, name },
  'frappe.client.set_value': { doctype, name, fieldname: text, value: {} },
  'frappe.client.rename_doc': { doctype, old_name: text, new_name: text, merge: { enum: [0, 1] } },
  'frappe.client.bulk_update': { docs: { type: 'array', items: { ...document, required: ['doctype', 'docname'] } } },
  'frappe.client.has_permission': { doctype, docname: text, perm_type: text },
  'frappe.client.get_doc_permissions': { doctype, docname: text },
  'frappe.client.validate_link': { doctype, docname: text, fields: names },
  'frappe.desk.search.search_link': searched,
  'frappe.desk.search.search_widget': searched,
  'frappe.desk.reportview.get': { ...listed, start: count, page_length: count },
  'frappe.desk.reportview.get_list': { ...listed, start: count, page_length: count },
  'frappe.desk.reportview.get_count': { doctype, filters, fields: names, distinct: { enum: ['true', 'false'] } },
  'frappe.desk.form.load.getdoc': { doctype, name },
  'frappe.desk.form.load.getdoctype': { doctype },
}
