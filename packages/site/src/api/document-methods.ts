import { FrappeError, notPermitted } from '@annex/protocol'
import type { DocumentId } from '../backend/backend.ts'
import { CLOSED_DOCUMENT_METHODS, documentMethodName, OWN_DOCUMENT_METHODS, type MethodCall } from '../backend/method.ts'
import { renameDocument } from './methods/client/rename-methods.ts'
import { parseFlag, parseText, requireText } from './list-arguments.ts'

type DocumentMethod = (call: MethodCall, id: DocumentId) => Promise<unknown>

/** What every document offers. All of it writes. */
const OWN: Readonly<Record<(typeof OWN_DOCUMENT_METHODS)[number], DocumentMethod>> = {
  submit: ({ principal, backend }, id) => backend.setDocstatus(principal, id, 1),
  cancel: ({ principal, backend }, id) => backend.setDocstatus(principal, id, 2),
  rename: (call, id) => renameDocument(call, id, requireText(call.args, 'name'), parseFlag(call.args['merge'])),
  add_comment: addComment,
}

/**
 * Calls a method of one document: its own, or one that site code gives the documents of its DocType.
 *
 * @throws {FrappeError} `DoesNotExistError` (404) when documents have none of that name, `PermissionError` by GET and
 *   when it is not open to callers
 */
export async function callDocumentMethod(call: MethodCall, id: DocumentId, name: string): Promise<unknown> {
  const own = OWN_DOCUMENT_METHODS.find((each) => each === name)
  const isReading = call.httpMethod === 'GET'
  // Who may not read the document learns nothing of what could be done with it.
  if (isReading || own === undefined) await call.backend.read(call.principal, id)
  if (own === undefined && CLOSED_DOCUMENT_METHODS.has(name))
    throw notPermitted(`${name} is not open to callers; change the document by PUT`)
  if (own === undefined) return callOfSiteCode(call, id, name)
  if (isReading) throw notPermitted(`Call ${name} by POST`)
  return OWN[own](call, id)
}

function callOfSiteCode({ principal, backend, args, files, httpMethod }: MethodCall, id: DocumentId, name: string): Promise<unknown> {
  if (!/^\w+$/.test(name)) throw new FrappeError('DoesNotExistError', `There is no method ${name.slice(0, 140)}; check its name`)
  const method = documentMethodName(id.doctype, name)
  return backend.call(principal, { method, httpMethod: httpMethod === 'GET' ? 'GET' : 'POST', args: { dn: id.name, args }, files })
}

function addComment({ principal, backend, args }: MethodCall, { doctype, name }: DocumentId): Promise<unknown> {
  const comment = {
    reference_doctype: doctype,
    reference_name: name,
    content: parseText(args, 'text'),
    comment_type: parseText(args, 'comment_type'),
    comment_email: principal.user,
    comment_by: principal.user,
  }
  return backend.call(principal, { method: 'frappe.desk.form.utils.add_comment', httpMethod: 'POST', args: comment })
}
