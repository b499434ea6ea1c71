import { isRecord, notPermitted, type Document, type Values } from '@annex/protocol'
import { MethodReply, type Method, type MethodCall } from '../backend/method.ts'
import { callerDocuments } from './caller-documents.ts'
import type { RegisteredDocumentMethod, RegisteredMethod, RegisteredQuery } from './registrar.ts'
import { faultOf, refuse, runHandler } from './run-handler.ts'
import type { Call, Found, Search } from './site-hooks.ts'

/** A whitelisted method of site code, as the backend calls it. */
export function hookedMethod({ name, httpMethods, guest, rights, handler, place }: RegisteredMethod): Method {
  return { name, httpMethods, guest, rights, handler: (call) => runHandler(place, name, () => handler(callOf(call))) }
}

const callOf = ({ principal, args, httpMethod, backend }: MethodCall): Call => ({
  user: principal.user,
  roles: principal.roles,
  // Site code may set its defaults on them.
  args: { ...args },
  httpMethod,
  documents: callerDocuments(backend, principal),
  refuse,
  reply: (parts) => new MethodReply(parts),
})

/** A method of documents, as the backend calls it: with the document's name in `dn`, and its own arguments in `args`. */
export function hookedDocumentMethod({ doctype, name, httpMethods, guest, rights, handler, place }: RegisteredDocumentMethod): Method {
  return {
    name,
    httpMethods,
    guest,
    rights,
    documentsOf: doctype,
    handler: async (call) => {
      const document = await documentOf(call, doctype)
      const args = objectOf(call.args['args'], 'args')
      return runHandler(place, name, () => handler({ ...callOf({ ...call, args }), doctype, document }))
    },
  }
}

/** The document as its caller sees it, whom anything but GET asks for the right to write it. */
async function documentOf({ principal, args, httpMethod, backend }: MethodCall, doctype: string): Promise<Document> {
  const name = textOf(args, 'dn') || refuse('dn is missing; send the name of the document')
  const document = await backend.read(principal, { doctype, name })
  if (httpMethod === 'GET') return document
  const asked = { doctype, docname: name, perm_type: 'write' }
  const answer = await backend.call(principal, { method: 'frappe.client.has_permission', httpMethod: 'GET', args: asked })
  if (isRecord(answer) && answer['has_permission'] === true) return document
  throw notPermitted(`You need the 'write' permission on ${doctype} ${name.slice(0, 140)}; ask a System Manager for a role that has it`)
}

/** A link query, as the link search calls it: its rows, each with the value in the first column. */
export function hookedQuery({ name, httpMethods, guest, rights, handler, place }: RegisteredQuery): Method {
  return {
    name,
    httpMethods,
    guest,
    rights,
    handler: async (call) => {
      const found = await runHandler(place, name, () => handler(searchOf(call)))
      if (!isFound(found)) throw faultOf(place, name, 'it must return a list of values, or of rows whose first column is the value')
      return found.map((row) => (Array.isArray(row) ? row : [row]))
    },
  }
}

const isValue = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number'

function isFound(found: unknown): found is Found {
  return Array.isArray(found) && found.every((row) => isValue(row) || (Array.isArray(row) && isValue(row[0])))
}

function searchOf({ principal, args, backend }: MethodCall): Search {
  return {
    user: principal.user,
    doctype: textOf(args, 'doctype'),
    text: textOf(args, 'txt'),
    searchField: textOf(args, 'searchfield') || 'name',
    start: countOf(args, 'start') ?? 0,
    pageLength: countOf(args, 'page_length') ?? 10,
    filters: objectOf(args['filters'], 'filters'),
    documents: callerDocuments(backend, principal),
    refuse,
  }
}

const textOf = (args: Values, name: string): string => (typeof args[name] === 'string' ? args[name] : '')

function countOf(args: Values, name: string): number | undefined {
  const count = args[name] === undefined || args[name] === null || args[name] === '' ? Number.NaN : Number(args[name])
  return Number.isSafeInteger(count) && count >= 0 ? count : undefined
}

/** An object, or JSON text of one; whatever else was sent is none. */
function objectOf(sent: unknown, what: string): Values {
  if (isRecord(sent)) return sent
  try {
    const parsed: unknown = typeof sent === 'string' && sent !== '' ? JSON.parse(sent) : undefined
    return isRecord(parsed) ? parsed : {}
  } catch {
    return refuse(`${what} must be a JSON object`)
  }
}
