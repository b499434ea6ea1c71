import { UpstreamClient, UpstreamUnavailable } from '@annex/connector'
import { FrappeError, notFound, type DocType, type Document, type LinkMatch } from '@annex/protocol'
import type { Backend, CountRequest, DocumentId, LinkSearchRequest, ListRequest, Row } from '../backend/backend.ts'
import { listAccess } from '../policy/field-levels.ts'
import { judge } from '../policy/judge.ts'
import { isAdministrator, type Principal } from '../policy/principal.ts'
import { withoutShares } from '../policy/shares.ts'
import { can } from '../policy/role-rights.ts'
import { Definitions, type Related } from './definitions.ts'
import { searchMatches } from './link-matches.ts'
import { linksIn, narrowList } from './narrow-list.ts'
import { refused } from './refusals.ts'
import { wholeDocument } from './whole-document.ts'

/**
 * Reads documents of another site with one service user's API key, and shows each caller what the other
 * site's own DocPerm rows let them see. Times are shown as that site shows them.
 *
 * @throws {FrappeError} 501 for the verbs that write, 502 when the other site cannot be reached or fails
 */
export class Upstream implements Backend {
  readonly #client: UpstreamClient
  readonly #definitions: Definitions
  readonly #url: string

  constructor({ url, key }: { readonly url: string; readonly key: string }) {
    this.#url = url
    // The caller asks again, or its caller: here each call is sent once.
    this.#client = new UpstreamClient({ url, credentials: { apiKey: key }, retries: 0 })
    this.#definitions = new Definitions(this.#client)
  }

  doctype(principal: Principal, name: string): Promise<DocType> {
    return reached(async () => {
      const doctype = await this.#definitions.read(name)
      if (await this.#mayKnow(withoutShares(principal), doctype)) return doctype
      throw refused(name)
    })
  }

  read(principal: Principal, id: DocumentId): Promise<Document> {
    return reached(async () => {
      const related = await this.#definitions.withRelated(id.doctype)
      return related.doctype.istable
        ? this.#readRow(withoutShares(principal), related.doctype, id.name)
        : this.#readWhole(withoutShares(principal), related, id.name)
    })
  }

  list(principal: Principal, request: ListRequest): Promise<Row[]> {
    return reached(async () => this.#client.list(request.doctype, await this.#narrowed(withoutShares(principal), request)))
  }

  count(principal: Principal, { distinct = false, ...request }: CountRequest): Promise<number> {
    return reached(async () => {
      const fields = [`count(${distinct ? 'distinct ' : ''}name) as count`]
      const [row] = await this.#client.list(
        request.doctype,
        await this.#narrowed(withoutShares(principal), { ...request, fields, limit: 1 }),
      )
      return Number(row?.['count'] ?? 0)
    })
  }

  searchLink(principal: Principal, request: LinkSearchRequest): Promise<LinkMatch[]> {
    return reached(async () => {
      if (request.doctype === 'DocType' && !isAdministrator(principal)) return this.#searchDocTypes(withoutShares(principal), request)
      return searchMatches(
        this.#client,
        withoutShares(principal),
        await this.#definitions.withRelated(request.doctype, linksIn(request)),
        request,
      )
    })
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

  async #readWhole(principal: Principal, related: Related, name: string): Promise<Document> {
    const { doctype, of } = related
    if (can(principal, doctype, 'read') === 'no') throw refused(doctype.name, name)
    const document = await this.#client.read(doctype.name, name)
    if (!judge(principal, doctype, 'read', document, { childOf: of })) throw refused(doctype.name, name)
    return wholeDocument(principal, related, document)
  }

  /** A row is read as a part of its document: whoever may read that may read the row. */
  async #readRow(principal: Principal, child: DocType, name: string): Promise<Document> {
    const parents = await this.#definitions.parentsOf(child.name)
    if (parents.every((parent) => can(principal, parent, 'read') === 'no')) throw refused(child.name, name)
    const row = await this.#client.read(child.name, name)
    const parent = await this.#readWhole(principal, await this.#definitions.withRelated(String(row['parenttype'])), String(row['parent']))
    const rows = parent[String(row['parentfield'])]
    const seen = Array.isArray(rows) ? (rows as readonly Document[]).find((line) => line.name === row.name) : undefined
    if (!seen) throw notFound(child.name, name.slice(0, 140))
    return seen
  }

  async #narrowed(principal: Principal, request: ListRequest): Promise<ListRequest> {
    const related = await this.#definitions.withRelated(request.doctype, linksIn(request))
    const parent = related.doctype.istable
      ? (await this.#definitions.parentsOf(request.doctype)).find((known) => known.name === request.parent)
      : undefined
    return narrowList(principal, related, request, parent)
  }

  /** A definition is open to whoever may see some of its documents, or make one. */
  async #mayKnow(principal: Principal, doctype: DocType): Promise<boolean> {
    const documents = doctype.istable ? await this.#definitions.parentsOf(doctype.name) : [doctype]
    return documents.some((known) => listAccess(principal, known) !== 'none' || can(principal, known, 'create') !== 'no')
  }

  async #searchDocTypes(principal: Principal, request: LinkSearchRequest): Promise<LinkMatch[]> {
    const matches = await this.#client.searchLink('DocType', { ...request, start: 0, limit: MOST_DEFINITIONS })
    const known = await Promise.all(matches.map(async ({ value }) => this.#mayKnow(principal, await this.#definitions.read(value))))
    return matches.filter((_, index) => known[index]).slice(request.start ?? 0, (request.start ?? 0) + request.limit)
  }

  #notBuilt(act: string): Promise<never> {
    return Promise.reject(new FrappeError('NotImplementedError', `${act} is not passed on to the upstream site yet; do it at ${this.#url}`))
  }
}

/** So many definitions are read to answer one search among DocTypes. */
const MOST_DEFINITIONS = 100

/** A site behind this one that fails is this one's 502: the caller did nothing wrong. */
async function reached<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof UpstreamUnavailable) throw unreachable('cannot be reached or is busy; try again later')
    if (!(error instanceof FrappeError)) throw error
    if (error.status === 401) throw unreachable('refuses the service user; the administrator must renew ANNEX_UPSTREAM_KEY')
    // Our own 501 has not been there.
    if (error.status >= 500 && error.excType !== 'NotImplementedError')
      throw unreachable('failed; try again later, or tell its administrator')
    throw error
  }
}

const unreachable = (what: string): FrappeError => new FrappeError('UpstreamUnavailableError', `The upstream site ${what}`)
