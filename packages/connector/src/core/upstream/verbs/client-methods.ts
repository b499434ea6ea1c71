import { FrappeError, isRecord, type Document, type Values } from '@annex/protocol'
import { NotSupported } from '../../errors.ts'
import type { Call } from '../calls/call.ts'
import type { Calls } from '../calls/calls.ts'
import { encodeJson } from '../calls/paths.ts'
import type { CallOptions } from '../types.ts'
import { documentOf } from './documents.ts'

const PREFIX = 'frappe.client.'
const LONGEST_MESSAGE = 500

const post = (calls: Calls, name: string, body: Values, options: CallOptions | undefined): Promise<unknown> =>
  calls.method(PREFIX + name, { method: 'POST', body, options })
const ask = (calls: Calls, name: string, call: Pick<Call, 'query' | 'options'>): Promise<unknown> =>
  calls.method(PREFIX + name, { ...call, method: 'GET' })

export async function insertMany(calls: Calls, docs: readonly Values[], options?: CallOptions): Promise<string[]> {
  const names = await post(calls, 'insert_many', { docs }, options)
  return Array.isArray(names) ? names.map(String) : []
}

/** One of many changes that the site refused. */
export interface FailedChange {
  readonly doctype: string
  readonly docname: string
  /** The site's sentence. */
  readonly message: string
}

export async function updateMany(calls: Calls, changes: readonly Values[], options?: CallOptions): Promise<FailedChange[]> {
  // This one method takes its list as text alone.
  const answer = await post(calls, 'bulk_update', { docs: encodeJson(changes) }, options)
  const failed = isRecord(answer) && Array.isArray(answer['failed_docs']) ? answer['failed_docs'].filter(isRecord) : []
  return failed.map(({ doc, exc }) => {
    const { doctype, docname } = isRecord(doc) ? doc : {}
    return { doctype: String(doctype), docname: String(docname), message: lastLine(exc) }
  })
}

/** `frappe.exceptions.ValidationError: Qty is needed`, the end of a traceback, without the class. */
function lastLine(exc: unknown): string {
  const line = String(exc).trim().split('\n').at(-1) ?? ''
  return line.replace(/^[\w.]+: /, '').slice(0, LONGEST_MESSAGE)
}

export async function setValue(
  calls: Calls,
  doctype: string,
  name: string | number,
  values: object,
  options?: CallOptions,
): Promise<Document> {
  return documentOf(await post(calls, 'set_value', { doctype, name, fieldname: values }, options))
}

/** The site wants the whole document with the `modified` that it has now. */
export async function submit(calls: Calls, doctype: string, document: object, options?: CallOptions): Promise<Document> {
  return documentOf(await post(calls, 'submit', { doc: { ...document, doctype } }, options))
}

export async function cancel(calls: Calls, doctype: string, name: string | number, options?: CallOptions): Promise<Document> {
  return documentOf(await post(calls, 'cancel', { doctype, name }, options))
}

export async function rename(
  calls: Calls,
  doctype: string,
  from: string,
  to: string,
  { merge = false, ...options }: CallOptions & { readonly merge?: boolean } = {},
): Promise<string> {
  return String(await post(calls, 'rename_doc', { doctype, old_name: from, new_name: to, merge: merge ? 1 : 0 }, options))
}

export async function setDefault(calls: Calls, key: string, value: string, options?: CallOptions): Promise<void> {
  try {
    await post(calls, 'set_default', { key, value }, options)
  } catch (error) {
    // In whatever language a site says that it has no such method, it names it.
    if (error instanceof FrappeError && error.message.includes(`${PREFIX}set_default`))
      throw new NotSupported('This site keeps no defaults for apps (Frappe 15 and newer): keep the value in the app itself')
    throw error
  }
}

export const readSingleValue = (calls: Calls, doctype: string, field: string, options?: CallOptions): Promise<unknown> =>
  ask(calls, 'get_single_value', { query: { doctype, field }, options })

export async function validateLink(
  calls: Calls,
  doctype: string,
  docname: string,
  fields: readonly string[],
  options?: CallOptions,
): Promise<(Readonly<Record<string, unknown>> & { readonly name: string }) | undefined> {
  const answer = await ask(calls, 'validate_link', { query: { doctype, docname, fields: fields.length > 0 ? fields : undefined }, options })
  // A document that is not there has a name that is null, or none.
  const found = isRecord(answer) ? answer : {}
  const { name } = found
  return typeof name === 'number' || (typeof name === 'string' && name !== '') ? { ...found, name: String(name) } : undefined
}

export async function timeZone(calls: Calls, options?: CallOptions): Promise<string> {
  const answer = await ask(calls, 'get_time_zone', { options })
  return String(isRecord(answer) ? answer['time_zone'] : answer)
}
