import { UpstreamClient, UpstreamUnavailable } from '@annex/connector'
import { FrappeError, STANDARD_FIELDS, isColumn, isRecord, isTableField, type DocType, type Document, type LinkMatch } from '@annex/protocol'
import type { Backend, CountRequest, DocumentId, LinkSearchRequest, ListRequest, Row } from '../backend/backend.ts'
import { visibleFields } from '../policy/field-levels.ts'
import { judge } from '../policy/judge.ts'
import type { Principal } from '../policy/principal.ts'
import { can } from '../policy/role-rights.ts'
import { Definitions } from './definitions.ts'
import { conditionFilters, narrowCount, narrowList } from './narrow-list.ts'

/**
 * Reads documents of another site with one service user's API key, and shows each caller what the other
 * site's own DocPerm rows let them see.
 *
 * @throws {FrappeError} 501 for the verbs that write, 502 when the other site cannot be reached
 */
export class Upstream implements Backend {
  readonly #client: UpstreamClient
  readonly #definitions: Definitions
  readonly #url: string

  constructor({ url, key }: { readonly url: string; readonly key: string }) {
    this.#url = url
    this.#client = new UpstreamClient({ url, credentials: { apiKey: key } })
    this.#definitions = new Definitions(this.#client)
  }

  doctype(_principal: Principal, name: string): Promise<DocType> {
    return reached(this.#definitions.read(name))
  }

  async read(principal: Principal, { doctype: name, name: docname }: DocumentId): Promise<Document> {
    const { doctype, childOf } = await reached(this.#definitions.withChildren(name))
    const refused = new FrappeError('PermissionError', `No permission for ${name} ${docname}`)
    if (can(principal, doctype, 'read') === 'no') throw refused
    const document = await reached(this.#client.read(name, docname))
    if (!judge(principal, doctype, 'read', document, { childOf })) throw refused
    return whole(doctype, childOf, visibleFields(principal, doctype, 'read'), document)
  }

  async list(principal: Principal, request: ListRequest): Promise<Row[]> {
    const { doctype, childOf } = await reached(this.#definitions.withChildren(request.doctype))
    const narrowed = narrowList(principal, doctype, childOf, request)
    return reached(this.#client.list(request.doctype, narrowed))
  }

  async count(principal: Principal, request: CountRequest): Promise<number> {
    const { doctype, childOf } = await reached(this.#definitions.withChildren(request.doctype))
    return reached(this.#client.count(request.doctype, narrowCount(principal, doctype, childOf, request)))
  }

  async searchLink(principal: Principal, request: LinkSearchRequest): Promise<LinkMatch[]> {
    const { doctype, childOf } = await reached(this.#definitions.withChildren(request.doctype))
    if (can(principal, doctype, 'select') === 'no') throw new FrappeError('PermissionError', `No permission for ${request.doctype}`, { errorMessage: true })
    const own = conditionFilters(principal, doctype, 'select', childOf, request.referenceDoctype)
    return reached(this.#client.searchLink(request.doctype, { ...request, filters: [...(request.filters ?? []), ...own] }))
  }

  insert(): Promise<never> {
    return this.#notBuilt('Creating')
  }

  update(): Promise<never> {
    return this.#notBuilt('Changing')
  }

  setDocstatus(): Promise<never> {
    return this.#notBuilt('Submitting and cancelling')
  }

  rename(): Promise<never> {
    return this.#notBuilt('Renaming')
  }

  remove(): Promise<never> {
    return this.#notBuilt('Removing')
  }

  call(): Promise<never> {
    return this.#notBuilt('Calling methods')
  }

  #notBuilt(act: string): Promise<never> {
    return Promise.reject(new FrappeError('NotImplementedError', `${act} is not passed on to the upstream site yet; do it at ${this.#url}`))
  }
}

/** A site behind this one that fails is this one's 502: the caller did nothing wrong. */
async function reached<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof UpstreamUnavailable) throw new FrappeError('UpstreamUnavailableError', 'The upstream site cannot be reached; try again later')
    if (error instanceof FrappeError && error.status === 401) throw new FrappeError('UpstreamUnavailableError', 'The upstream site refuses the service user; the administrator must renew ANNEX_UPSTREAM_KEY')
    throw error
  }
}

/** The document with a place for every field the caller may see: over the wire, empty ones are left out. */
function whole(doctype: DocType, childOf: (child: string) => DocType | undefined, seen: ReadonlySet<string>, document: Document): Document {
  const columns = doctype.fields.filter((field) => isColumn(field) && seen.has(field.fieldname)).map((field) => [field.fieldname, document[field.fieldname] ?? null])
  const tables = doctype.fields.filter((field) => isTableField(field) && seen.has(field.fieldname))
  const rows = tables.map((field) => [field.fieldname, rowsOf(document[field.fieldname], childOf(field.options))])
  return { ...standard(document), ...Object.fromEntries(columns), doctype: doctype.name, ...Object.fromEntries(rows) }
}

const standard = (document: Document): Document => Object.fromEntries(STANDARD_FIELDS.map((name) => [name, document[name] ?? null])) as Document

/** Fields of rows above level 0 are left out: their levels are the parent's to open, and this site does not know them all. */
function rowsOf(rows: unknown, child: DocType | undefined): Row[] {
  const hidden = new Set((child?.fields ?? []).filter((field) => field.permlevel > 0).map((field) => field.fieldname))
  return (Array.isArray(rows) ? rows : []).filter(isRecord).map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !hidden.has(name))))
}
