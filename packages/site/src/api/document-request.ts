import { FrappeError, isRecord, withoutNulls, type Values } from '@annex/protocol'
import type { Backend, DocumentId } from '../backend/backend.ts'
import { MethodReply } from '../backend/method.ts'
import type { Answer, Exchange } from '../http/exchange.ts'
import type { Principal } from '../policy/principal.ts'
import { callDocumentMethod } from './document-methods.ts'
import { methodAnswer } from './method-answer.ts'

/** The document that an address names: its name is all that follows its DocType, slashes included. */
export const documentId = ({ params }: Exchange<Principal>): DocumentId => ({
  doctype: params['doctype'] ?? '',
  name: params['*'] ?? '',
})

/** A document, new under its DocType's address, as it came to be. */
export async function insertAt(backend: Backend, { caller }: Exchange<Principal>, doctype: string, values: Values): Promise<Answer> {
  const [document] = await backend.insert(caller, doctype, [values])
  return { json: { data: document && withoutNulls(document) } }
}

/** The document at the address, with what was sent changed in it. */
export async function updateAt(backend: Backend, request: Exchange<Principal>, values: Values): Promise<Answer> {
  const id = documentId(request)
  if (values['__islocal']) throw await existing(backend, request, id)
  return { json: { data: withoutNulls(await backend.update(request.caller, { ...id, values })) } }
}

/** What Frappe answers to a document that calls itself new under a name that is taken. */
async function existing(backend: Backend, { caller }: Exchange<Principal>, id: DocumentId): Promise<FrappeError> {
  await backend.read(caller, id)
  return new FrappeError('DuplicateEntryError', `${id.doctype} ${id.name} exists already; leave __islocal out to change it`)
}

export async function removeAt(backend: Backend, request: Exchange<Principal>): Promise<Answer> {
  await backend.remove(request.caller, documentId(request))
  return { status: 202, json: { data: 'ok' } }
}

/** Calls a method of one document; a document that comes back, of which every one says its DocType, is shown as a read shows it. */
export async function callOnDocument(
  backend: Backend,
  { caller, method, args, files }: Exchange<Principal>,
  id: DocumentId,
  name: string,
  api: 1 | 2,
): Promise<Answer> {
  const answer = await callDocumentMethod({ principal: caller, backend, args, files, httpMethod: method }, id, name)
  // In Frappe a document that is renamed this way answers with its message alone.
  const result = name === 'rename' && answer instanceof MethodReply ? new MethodReply({ messages: answer.parts.messages ?? [] }) : answer
  if (result instanceof MethodReply || !isRecord(result) || result['doctype'] === undefined) return methodAnswer(result, 'data', api)
  return methodAnswer(withoutNulls(result), 'data', api)
}
