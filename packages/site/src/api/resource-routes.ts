import { FrappeError, invalid, isRecord, withoutNulls, type Values } from '@annex/protocol'
import type { Backend } from '../backend/backend.ts'
import type { Answer, Exchange } from '../http/exchange.ts'
import { checkJson } from '../http/request-body.ts'
import type { HttpServer } from '../http/server.ts'
import type { Principal } from '../policy/principal.ts'
import { callOnDocument, documentId, insertAt, removeAt, updateAt } from './document-request.ts'
import { parseResourceArguments, shapeRows } from './list-arguments.ts'

type Request = Exchange<Principal>

/** `/api/resource`: lists and documents, as Frappe v15 answers them. */
export function resourceRoutes(server: HttpServer<Principal>, backend: Backend): void {
  // A field of a document may be called `cmd`: in a body it is that.
  const reading = { takesCommands: 'query' } as const
  const writing = { ...reading, jsonByLook: true } as const
  for (const base of ['/api/resource', '/api/v1/resource']) {
    server.route('GET', `${base}/:doctype`, (request) => listDocuments(backend, request), reading)
    server.route(
      'POST',
      `${base}/:doctype`,
      (request) => insertAt(backend, request, documentId(request).doctype, documentArguments(request)),
      writing,
    )
    server.route('GET', `${base}/:doctype/*`, (request) => readDocument(backend, request), reading)
    server.route('PUT', `${base}/:doctype/*`, (request) => updateAt(backend, request, documentArguments(request)), writing)
    server.route('POST', `${base}/:doctype/*`, (request) => callMethod(backend, request), writing)
    server.route('PATCH', `${base}/:doctype/*`, refusePatch)
    server.route('DELETE', `${base}/:doctype/*`, (request) => removeAt(backend, request), reading)
  }
}

/** Version 1 knows no PATCH; Frappe finds nothing there. */
const refusePatch = (): Promise<never> =>
  Promise.reject(new FrappeError('DoesNotExistError', 'A document is changed by PUT; PATCH is for /api/v2/document'))

async function listDocuments(backend: Backend, request: Request): Promise<Answer> {
  const rows = await backend.list(request.caller, parseResourceArguments(documentId(request).doctype, request.args))
  return { json: { data: shapeRows(rows, request.args) } }
}

async function readDocument(backend: Backend, request: Request): Promise<Answer> {
  if (request.args['run_method'] !== undefined) return callMethod(backend, request)
  const document = await backend.read(request.caller, documentId(request))
  return { json: { data: withoutNulls(document) } }
}

function callMethod(backend: Backend, request: Request): Promise<Answer> {
  const { run_method: name, ...args } = request.args
  if (typeof name !== 'string' || name === '')
    throw invalid('run_method is missing; send the name of a method, or PUT to change a document')
  return callOnDocument(backend, { ...request, args }, documentId(request), name, 1)
}

/** The document in a body: the arguments themselves, or `data` holding an object or its JSON text. */
function documentArguments(request: Request): Values {
  const { data } = request.args
  if (data === undefined || data === null) return request.args
  if (isRecord(data)) return data
  if (typeof data !== 'string') throw invalid('data must be one JSON object')
  const parsed = parseObject(data)
  checkJson(parsed)
  return parsed ?? request.args
}

function parseObject(text: string): Values | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}
