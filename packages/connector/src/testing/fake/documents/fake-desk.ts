import { FrappeError, withoutNulls } from '@annex/protocol'
import type { Traits } from '../kinds.ts'
import { isV2, page, refused, type FakeReply, type FakeRequest } from '../replies.ts'
import type { FakeDocument, FakeDocuments } from './fake-documents.ts'
import { FakeFiles } from './fake-files.ts'
import { callMethod } from './methods.ts'
import { Records, type FakeCaller } from './records.ts'
import { limitOf, parsed, readListQuery, readParameters, secondLimitOf, type Parameters } from './requests.ts'
import { asText } from './texts.ts'

/** Larger bodies do not reach the site. */
const MOST_BYTES = 25 * 1024 * 1024

/** `/api/resource` and `/api/method` of a fake site, and the same in the second version. */
export class FakeDesk {
  readonly #records: Records
  readonly #files: FakeFiles

  constructor(documents: FakeDocuments, traits: Traits) {
    this.#records = new Records(documents, traits)
    this.#files = new FakeFiles(documents)
  }

  async answer(request: FakeRequest, caller: FakeCaller): Promise<FakeReply> {
    if (request.bytes.length > MOST_BYTES) return page(413, 'Request Entity Too Large')
    try {
      return await this.#route(request, caller)
    } catch (error) {
      if (error instanceof FrappeError) return refused(error, request.path)
      if (error instanceof SyntaxError) return refused(this.#unreadable(error), request.path)
      throw error
    }
  }

  #unreadable({ message }: SyntaxError): FrappeError {
    return this.#records.traits.frappe
      ? new FrappeError('JSONDecodeError', message, { status: 500 })
      : new FrappeError('ValidationError', `That is not JSON: ${message}`)
  }

  async #route(request: FakeRequest, caller: FakeCaller): Promise<FakeReply> {
    const { method, path } = request
    const [, kind = '', tail = ''] = /^\/api\/(?:v[12]\/)?(resource|document|method|doctype)\/(.+?)\/?$/.exec(path) ?? []
    if (kind === '') return this.#files.read(path) ?? (path.startsWith('/api/') ? unknown() : page(404, 'Not Found'))
    if (kind === 'method') return this.#method(decodeURIComponent(tail.split('/')[0]!), request, caller)
    const [doctype = '', ...rest] = tail.split('/').map(decodeURIComponent)
    if (kind === 'doctype') return this.#about(doctype, rest[0], readParameters(request), caller)
    if (rest.length === 0 && !['GET', 'POST'].includes(method)) return page(405, 'Method Not Allowed')
    return rest.length === 0 ? this.#doctype(request, doctype, caller) : this.#document(request, doctype, rest.join('/'), caller)
  }

  async #method(name: string, request: FakeRequest, caller: FakeCaller): Promise<FakeReply> {
    if (name === 'upload_file')
      return { json: { [isV2(request.path) ? 'data' : 'message']: await this.#files.upload(request, caller.user.name) } }
    if (name === 'download_file') return this.#files.read(request.query.get('file_url') ?? '') ?? unknown()
    const { value, body, html } = callMethod(this.#records, name, readParameters(request), caller, request.method)
    if (html !== undefined) return page(404, html)
    const key = isV2(request.path) ? 'data' : 'message'
    return { json: { ...body, ...(value === undefined || value === null ? {} : { [key]: value }) } }
  }

  #doctype(request: FakeRequest, doctype: string, caller: FakeCaller): FakeReply {
    const parameters = readParameters(request)
    if (request.method === 'POST')
      return { json: { data: withoutNulls(this.#records.insert(caller, doctype, valuesOf(parameters, request))) } }
    const limit = isV2(request.path) ? secondLimitOf(parameters) : limitOf(parameters, ['limit_page_length', 'limit'])
    const rows = this.#records.list(caller, doctype, readListQuery(parameters, limit))
    return { json: { data: asLists(parameters) ? rows.map((row) => Object.values(row)) : rows } }
  }

  #document(request: FakeRequest, doctype: string, name: string, caller: FakeCaller): FakeReply {
    const { method } = request
    if (method === 'GET') return { json: { data: shown(this.#records.read(caller, doctype, name)) } }
    if (method === 'DELETE') {
      this.#records.remove(caller, doctype, name)
      return { status: 202, json: { data: 'ok' } }
    }
    if (method === 'PUT' || (method === 'PATCH' && isV2(request.path)))
      return { json: { data: shown(this.#records.update(caller, doctype, name, valuesOf(readParameters(request), request))) } }
    return unknown()
  }

  #about(doctype: string, what: string | undefined, parameters: Parameters, caller: FakeCaller): FakeReply {
    if (what === 'count') return { json: { data: this.#records.list(caller, doctype, readListQuery(parameters, undefined)).length } }
    const defined = this.#records.documents.doctype(doctype)
    return what === 'meta' && defined !== undefined ? { json: { data: { doctype: 'DocType', ...defined } } } : unknown()
  }
}

const unknown = (): FakeReply => ({ status: 404, json: { exc_type: 'DoesNotExistError' } })
const shown = (document: FakeDocument): FakeDocument => withoutNulls(document)
const asLists = ({ as_dict: value }: Parameters): boolean => value === 0 || ['0', 'false'].includes(asText(value))

/** The first version unpacks what is called `data`. */
function valuesOf(parameters: Parameters, { path }: FakeRequest): Record<string, unknown> {
  const { data } = parameters
  return (data === undefined || isV2(path) ? parameters : parsed(data)) as Record<string, unknown>
}
