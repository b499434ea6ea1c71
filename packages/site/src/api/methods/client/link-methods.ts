import { FrappeError, invalid, type Filter, type LinkMatch } from '@annex/protocol'
import type { Row } from '../../../backend/backend.ts'
import { HTTP_METHODS, MethodReply, type Method, type MethodCall } from '../../../backend/method.ts'
import { listAccess } from '../../../policy/field-levels.ts'
import { parseJson } from '../../arguments.ts'
import { requireText } from '../../list-arguments.ts'
import { isCovered, type SiteKnown } from '../site-known.ts'
import { verbsMethod } from '../verbs-method.ts'

/** `frappe.client.*` and the search for link fields that ask after one document by its name. */
export const linkMethods = (site: SiteKnown): readonly Method[] => [
  verbsMethod('frappe.client.validate_link', HTTP_METHODS, (call) => validateLink(site, call)),
  verbsMethod('frappe.client.is_document_amended', HTTP_METHODS, (call) => findAmendment(site, call)),
  verbsMethod('frappe.desk.search.get_link_title', ['GET', 'POST'], (call) => readTitle(site, call)),
]

/** The document's name as it is stored, with values to fetch; a null name when there is none that the caller may see. */
async function validateLink(site: SiteKnown, call: MethodCall): Promise<unknown> {
  const { args, principal, backend } = call
  const [doctype, name] = [requireText(args, 'doctype'), requireText(args, 'docname')]
  if (doctype === 'DocType') return { name: (await isKnown(call, name)) ? name : null }
  const wanted = parseFields(args['fields'])
  const definition = await backend.doctype(principal, doctype)
  if (definition.issingle) return { name: doctype }
  const isOffered = !isCovered(site, principal, doctype, 'read')
  const isNameAlone = wanted.length > 0 && (isOffered || listAccess(principal, definition) === 'select')
  const found = isOffered
    ? { name: (await offered(call, doctype, name))?.value ?? null }
    : { name: null, ...(await named(call, doctype, name, isNameAlone ? [] : wanted)) }
  if (!isNameAlone) return found
  const message = `You may choose documents of ${doctype} and not read them: their values are not fetched`
  return new MethodReply({ message: found, messages: [message] })
}

async function isKnown({ principal, backend }: MethodCall, doctype: string): Promise<boolean> {
  try {
    await backend.doctype(principal, doctype)
    return true
  } catch (error) {
    if (error instanceof FrappeError && error.status === 404) return false
    throw error
  }
}

const byName = (name: string): readonly Filter[] => [{ fieldname: 'name', operator: '=', value: name }]

async function named(
  { principal, backend }: MethodCall,
  doctype: string,
  name: string,
  fields: readonly string[],
): Promise<Row | undefined> {
  const [row] = await backend.list(principal, { doctype, fields: [...new Set(['name', ...fields])], filters: byName(name), limit: 1 })
  return row
}

/** The same as a link field offers it: an app that may choose documents and not read them sees no more. */
async function offered({ principal, backend }: MethodCall, doctype: string, name: string): Promise<LinkMatch | undefined> {
  const [match] = await backend.searchLink(principal, { doctype, text: '', filters: byName(name), limit: 1 })
  return match
}

function parseFields(value: unknown): readonly string[] {
  const fields = parseJson(value, 'fields') ?? []
  if (Array.isArray(fields) && fields.every((field) => typeof field === 'string')) return fields.filter((field) => field !== '')
  throw invalid('fields must be a JSON list of names, such as ["customer_name"]')
}

/** The name of the amendment, nothing when there is none, false for a caller who may not read documents of the DocType. */
async function findAmendment(site: SiteKnown, call: MethodCall): Promise<unknown> {
  const { args, principal, backend } = call
  const [doctype, name] = [requireText(args, 'doctype'), requireText(args, 'docname')]
  try {
    const definition = await backend.doctype(principal, doctype)
    if (isCovered(site, principal, doctype, 'read') && listAccess(principal, definition) !== 'read') return false
    if (!definition.fields.some(({ fieldname }) => fieldname === 'amended_from')) return undefined
  } catch (error) {
    if (error instanceof FrappeError && error.status === 403 && !principal.token) return false
    throw error
  }
  const filters = [{ fieldname: 'amended_from', operator: '=', value: name }] as const
  const [row] = await backend.list(principal, { doctype, fields: ['name'], filters, limit: 1 })
  return row?.['name']
}

/** What a link field shows for a document: its title where the DocType says so, or else its name. */
async function readTitle(site: SiteKnown, call: MethodCall): Promise<unknown> {
  const [doctype, name] = [requireText(call.args, 'doctype'), requireText(call.args, 'docname')]
  const { title_field: field, show_title_field_in_link: isShown } = await call.backend.doctype(call.principal, doctype)
  if (!isShown || field === '') return name
  if (!isCovered(site, call.principal, doctype, 'read')) return (await offered(call, doctype, name))?.label || name
  return (await named(call, doctype, name, [field]))?.[field] || name
}
