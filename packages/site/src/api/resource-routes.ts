import { invalid, isRecord, withoutNulls, type Values } from '@annex/protocol'
import type { Backend } from '../backend/backend.ts'
import type { Answer, Exchange } from '../http/exchange.ts'
import type { HttpServer } from '../http/server.ts'
import type { Principal } from '../policy/principal.ts'
import { parseFlag, parseListArguments } from './list-arguments.ts'

type Request = Exchange<Principal>

/** `/api/resource`: lists and documents, as Frappe v15 answers them. */
export function resourceRoutes(server: HttpServer<Principal>, backend: Backend): void {
  for (const base of ['/api/resource', '/api/v1/resource']) {
    server.route('GET', `${base}/:doctype`, (request) => listDocuments(backend, request))
    server.route('POST', `${base}/:doctype`, (request) => insertDocument(backend, request), { jsonByLook: true })
    server.route('GET', `${base}/:doctype/*`, (request) => readDocument(backend, request))
    server.route('PUT', `${base}/:doctype/*`, (request) => updateDocument(backend, request), { jsonByLook: true })
    server.route('DELETE', `${base}/:doctype/*`, (request) => removeDocument(backend, request))
  }
}

async function listDocuments(backend: Backend, request: Request): Promise<Answer> {
  const rows = await backend.list(request.caller, parseListArguments(doctypeOf(request), request.args))
  const asArrays = request.args['as_dict'] !== undefined && !parseFlag(request.args['as_dict'])
  return { json: { data: asArrays ? rows.map((row) => Object.values(row)) : rows } }
}

async function insertDocument(backend: Backend, request: Request): Promise<Answer> {
  const [document] = await backend.insert(request.caller, doctypeOf(request), [documentArguments(request)])
  return { json: { data: document && withoutNulls(document) } }
}

async function readDocument(backend: Backend, request: Request): Promise<Answer> {
  const document = await backend.read(request.caller, idOf(request))
  return { json: { data: withoutNulls(document) } }
}

async function updateDocument(backend: Backend, request: Request): Promise<Answer> {
  const document = await backend.update(request.caller, { ...idOf(request), values: documentArguments(request) })
  return { json: { data: withoutNulls(document) } }
}

async function removeDocument(backend: Backend, request: Request): Promise<Answer> {
  await backend.remove(request.caller, idOf(request))
  return { status: 202, json: { data: 'ok' } }
}

const doctypeOf = (request: Request): string => request.params['doctype'] ?? ''
const idOf = (request: Request): { doctype: string; name: string } => ({ doctype: doctypeOf(request), name: request.params['*'] ?? '' })

/** The document in a body: the arguments themselves, or `data` holding an object or its JSON text. */
function documentArguments(request: Request): Values {
  const { data } = request.args
  if (data === undefined || data === null) return request.args
  if (isRecord(data)) return data
  if (typeof data !== 'string') throw invalid('data must be one JSON object')
  return parseObject(data) ?? request.args
}

function parseObject(text: string): Values | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}
