import { invalid, type Document } from '@annex/protocol'
import type { DocumentId } from '../../../backend/backend.ts'
import { MethodReply, type Method, type MethodCall } from '../../../backend/method.ts'
import { parseJson, requireDocument, toDocument, type SentDocument } from '../../arguments.ts'
import { callDocumentMethod } from '../../document-methods.ts'
import { saveDocument } from '../../write-documents.ts'
import { parseText, requireText } from '../../list-arguments.ts'
import { ifAllowed, isCovered, type SiteKnown } from '../site-known.ts'
import { verbsMethod, WRITING } from '../verbs-method.ts'

/** What Frappe's Desk calls for its forms, as far as a document goes. */
export const formMethods = (site: SiteKnown): readonly Method[] => [
  verbsMethod('frappe.desk.form.save.savedocs', WRITING, (call) => saveForm(site, call)),
  verbsMethod('frappe.desk.form.save.cancel', WRITING, (call) => cancelForm(site, call)),
  ...['run_doc_method', 'runserverobj'].map((name) => verbsMethod(name, ['GET', ...WRITING], runDocumentMethod)),
]

async function saveForm(site: SiteKnown, call: MethodCall): Promise<MethodReply> {
  const sent = requireDocument(call.args, 'doc')
  const document = await act(call, sent, parseText(call.args, 'action') || 'Save')
  const localname = sent['localname'] ?? sent['name']
  return formReply(site, call, { ...document, ...(typeof localname === 'string' ? { localname } : {}) }, 'Saved')
}

function act(call: MethodCall, sent: SentDocument, action: string): Promise<Document> {
  if (action === 'Save' || action === 'Update') return saveDocument(call, sent)
  if (action === 'Submit') return saveDocument(call, sent, 1)
  if (action === 'Cancel') return call.backend.setDocstatus(call.principal, idOf(sent), 2)
  throw invalid('action must be Save, Submit, Update or Cancel')
}

async function cancelForm(site: SiteKnown, call: MethodCall): Promise<MethodReply> {
  const { principal, args, backend } = call
  const id = { doctype: requireText(args, 'doctype'), name: requireText(args, 'name') }
  return formReply(site, call, await backend.setDocstatus(principal, id, 2), 'Cancelled')
}

/** The document as a form goes on with it, and what stands beside it. */
async function formReply(site: SiteKnown, call: MethodCall, document: Document, sentence: string): Promise<MethodReply> {
  const docinfo = await findDocinfo(site, call, { doctype: document.doctype, name: String(document.name) })
  return new MethodReply({ body: { docs: [document], ...docinfo }, messages: [sentence] })
}

/** The change is made by now: a caller who may write and not read, or the document of an upstream site, is answered without. */
async function findDocinfo(site: SiteKnown, { principal, backend }: MethodCall, { doctype, name }: DocumentId): Promise<object> {
  if (!isCovered(site, principal, doctype, 'read')) return {}
  const request = { method: 'frappe.desk.form.load.get_docinfo', httpMethod: 'GET', args: { doctype, name } }
  const beside = await ifAllowed(() => backend.call(principal, request))
  return beside instanceof MethodReply ? (beside.parts.body ?? {}) : {}
}

/** A method of a stored document, or of one that is sent (`docs`): that is saved as it submits. */
async function runDocumentMethod(call: MethodCall): Promise<MethodReply> {
  const { args } = call
  const name = requireText(args, 'method')
  const sent = args['docs'] === undefined ? undefined : toDocument(parseJson(args['docs'], 'docs'), 'docs')
  // By GET it goes on to be refused: a page elsewhere can make a browser send that.
  if (sent && name === 'submit' && call.httpMethod !== 'GET')
    return new MethodReply({ body: { docs: [await saveDocument(call, sent, 1)] } })
  const id = sent ? idOf(sent) : { doctype: requireText(args, 'dt'), name: parseText(args, 'dn') || requireText(args, 'dt') }
  const result = await callDocumentMethod({ ...call, args: parseKeywords(args['args'] ?? args['arg']) }, id, name)
  const { parts } = result instanceof MethodReply ? result : new MethodReply({ message: result })
  const standing = name === 'rename' && typeof parts.message === 'string' ? { ...id, name: parts.message } : id
  return new MethodReply({ ...parts, body: { docs: [await call.backend.read(call.principal, standing)] } })
}

function idOf(sent: SentDocument): DocumentId {
  return { doctype: sent.doctype, name: requireText(sent, 'name') }
}

function parseKeywords(value: unknown): Readonly<Record<string, unknown>> {
  const keywords = parseJson(value, 'args') ?? {}
  if (typeof keywords === 'object' && keywords !== null && !Array.isArray(keywords)) return keywords as Readonly<Record<string, unknown>>
  throw invalid('args must be a JSON object of the method’s arguments')
}
