import { FrappeError, withoutNulls } from '@annex/protocol'
import type { Backend } from '../backend/backend.ts'
import type { Answer, Exchange } from '../http/exchange.ts'
import type { HttpServer } from '../http/server.ts'
import type { Principal } from '../policy/principal.ts'
import { callOnDocument, documentId, insertAt, removeAt, updateAt } from './document-request.ts'
import { parseV2ListArguments, shapeRows } from './list-arguments.ts'
import { methodAnswer } from './method-answer.ts'
import { toMeta } from './meta.ts'
import { REPORT_COUNT } from './methods/desk/report-methods.ts'

type Request = Exchange<Principal>

const BASE = '/api/v2'
/** `NAME/method/METHOD`: names may hold slashes, so the last such tail counts. */
const METHOD_TAIL = /^(.+)\/method\/([^/]+)$/s
/** The modules in which Frappe keeps the functions of its own DocTypes. */
const MODULES: ReadonlyMap<string, string> = new Map([
  ['User', 'frappe.core.doctype.user.user'],
  ['User Permission', 'frappe.core.doctype.user_permission.user_permission'],
  ['File', 'frappe.core.doctype.file.file'],
])

/** Rows, before one more is looked for: what both databases take as a number. */
const LONGEST_PAGE = 2 ** 31 - 2

/** `/api/v2`: documents, DocTypes and methods; every result stands under `data`. */
export function v2Routes(server: HttpServer<Principal>, backend: Backend): void {
  documentRoutes(server, backend)
  server.route('GET', `${BASE}/doctype/:doctype/meta`, (request) => readMeta(backend, request))
  server.route('GET', `${BASE}/doctype/:doctype/count`, (request) => countDocuments(backend, request))
  for (const path of [`${BASE}/method/:method`, `${BASE}/method/:method/*`])
    server.route(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], path, (request) => callMethod(backend, request), { takesCommands: 'anywhere' })
}

function documentRoutes(server: HttpServer<Principal>, backend: Backend): void {
  const [many, one] = [`${BASE}/document/:doctype`, `${BASE}/document/:doctype/*`]
  const reading = { takesCommands: 'query' } as const
  const writing = { ...reading, jsonByLook: true } as const
  server.route('GET', many, (request) => listDocuments(backend, request), reading)
  server.route('POST', many, (request) => insertAt(backend, request, documentId(request).doctype, request.args), writing)
  server.route('GET', one, (request) => onDocument(backend, request, read), reading)
  server.route('POST', one, (request) => onDocument(backend, request, refuse), writing)
  server.route(['PUT', 'PATCH'], one, (request) => updateAt(backend, request, request.args), writing)
  server.route('DELETE', one, (request) => removeAt(backend, request), reading)
}

/** One more than the page is looked for, to tell whether there is a next. */
async function listDocuments(backend: Backend, request: Request): Promise<Answer> {
  const list = parseV2ListArguments(documentId(request).doctype, request.args)
  const { limit = null } = list
  const rows = await backend.list(request.caller, { ...list, limit: limit === null ? null : Math.min(limit, LONGEST_PAGE) + 1 })
  const page = limit === null ? rows : rows.slice(0, limit)
  return { json: { data: shapeRows(page, request.args), has_next_page: rows.length > page.length } }
}

/** A method of the document when the address ends in one; else what the HTTP method stands for. */
function onDocument(
  backend: Backend,
  request: Request,
  otherwise: (backend: Backend, request: Request) => Promise<Answer>,
): Promise<Answer> {
  const { doctype, name } = documentId(request)
  const [, document, method] = METHOD_TAIL.exec(name) ?? []
  if (document === undefined || method === undefined) return otherwise(backend, request)
  return callOnDocument(backend, request, { doctype, name: document }, method, 2)
}

async function read(backend: Backend, request: Request): Promise<Answer> {
  return { json: { data: withoutNulls(await backend.read(request.caller, documentId(request))) } }
}

function refuse(): Promise<never> {
  const allow = 'GET, PUT, PATCH, DELETE'
  return Promise.reject(
    new FrappeError('MethodNotAllowedError', `A document takes ${allow}; POST is for its DocType, and for its methods`, {
      headers: { allow },
    }),
  )
}

async function readMeta(backend: Backend, request: Request): Promise<Answer> {
  return { json: { data: toMeta(await backend.doctype(request.caller, documentId(request).doctype)) } }
}

function countDocuments(backend: Backend, request: Request): Promise<Answer> {
  return call(backend, request, REPORT_COUNT, { ...request.args, doctype: documentId(request).doctype })
}

/** `DT/function` names a function beside the DocType; what follows any other name is ignored, as in version 1. */
function callMethod(backend: Backend, request: Request): Promise<Answer> {
  const { method = '', '*': rest } = request.params
  const module = MODULES.get(method)
  return call(backend, request, module === undefined || !rest ? method : `${module}.${rest}`, request.args)
}

async function call(backend: Backend, request: Request, method: string, args: Request['args']): Promise<Answer> {
  const { caller, method: httpMethod, files } = request
  return methodAnswer(await backend.call(caller, { method, httpMethod, args, files }), 'data', 2)
}
