import { dialectOf } from '@annex/database'
import { FrappeError, invalid, type DocType, type Document, type LinkMatch, type Values } from '@annex/protocol'
import type {
  Backend,
  CallRequest,
  CountRequest,
  DocumentId,
  LinkSearchRequest,
  ListRequest,
  RenameOptions,
  Row,
  UpdateRequest,
} from '../backend/backend.ts'
import { callMethod } from '../backend/method.ts'
import type { Principal } from '../policy/principal.ts'
import { isCore } from '../doctypes/core-doctypes.ts'
import { DocumentStore } from './document-store.ts'
import { KeptLimits } from './limits/kept-limits.ts'
import { withFreshDefinitions } from './verbs/fresh.ts'
import type { DocumentsParts, Premises } from './premises.ts'
import { ListPlans } from './query/plans/list-plans.ts'
import { readDocType } from './verbs/doctype.ts'
import { insertDocuments } from './verbs/insert.ts'
import { countDocuments, listDocuments } from './verbs/list.ts'
import { readDocument } from './verbs/read.ts'
import { removeDocument } from './verbs/remove.ts'
import { renameDocument } from './verbs/rename.ts'
import { searchLink } from './verbs/search-link.ts'
import { updateDocument } from './verbs/update.ts'

/**
 * The Backend whose documents live in this site's own database.
 *
 * Each verb that writes is one transaction: document, child rows, its controller's work and its listeners', or nothing.
 */
export class Documents implements Backend {
  /** What the verbs work with, for what else stands in this room beside them. */
  readonly premises: Premises

  constructor(parts: DocumentsParts) {
    const dialect = dialectOf(parts.database.engine)
    this.premises = { ...parts, dialect, store: new DocumentStore(dialect), listPlans: new ListPlans(), keptLimits: new KeptLimits() }
  }

  async doctype(principal: Principal, name: string): Promise<DocType> {
    return readDocType(this.premises, principal, name)
  }

  read(principal: Principal, id: DocumentId): Promise<Document> {
    return this.#sound(() => readDocument(this.premises, principal, id))
  }

  list(principal: Principal, request: ListRequest): Promise<Row[]> {
    return this.#sound(() => listDocuments(this.premises, principal, request))
  }

  count(principal: Principal, request: CountRequest): Promise<number> {
    return this.#sound(() => countDocuments(this.premises, principal, request))
  }

  searchLink(principal: Principal, request: LinkSearchRequest): Promise<LinkMatch[]> {
    return this.#sound(() => searchLink(this.premises, principal, request))
  }

  insert(principal: Principal, doctype: string | readonly string[], documents: readonly Values[]): Promise<Document[]> {
    return this.#written(doctype, (premises) => insertDocuments(premises, principal, doctype, documents))
  }

  update(principal: Principal, request: UpdateRequest): Promise<Document> {
    return this.#written(request.doctype, (premises) => updateDocument(premises, principal, request))
  }

  setDocstatus(principal: Principal, id: DocumentId, docstatus: 1 | 2): Promise<Document> {
    return this.#written(id.doctype, (premises) => updateDocument(premises, principal, { ...id, values: { docstatus } }))
  }

  rename(principal: Principal, id: DocumentId, newName: string, options: RenameOptions = {}): Promise<string> {
    return this.#written(id.doctype, (premises) => renameDocument(premises, principal, id, newName, options))
  }

  remove(principal: Principal, id: DocumentId): Promise<void> {
    return this.#written(id.doctype, (premises) => removeDocument(premises, principal, id))
  }

  call(principal: Principal, request: CallRequest): Promise<unknown> {
    return callMethod(this.premises.methods, this, principal, request)
  }

  /** Core DocTypes never change while a site runs; the rest is written by their definitions of now. */
  #written<T>(doctype: string | readonly string[], work: (premises: Premises) => Promise<T>): Promise<T> {
    const isFixed = [doctype].flat().some(isCore)
    return this.#sound(() => (isFixed ? work(this.premises) : withFreshDefinitions(this.premises, work)))
  }

  /** A value that no column can hold is the caller's mistake, wherever it was met. */
  async #sound<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof FrappeError || !this.premises.dialect.isBadValue(error)) throw error
      throw invalid('A name or a value cannot be stored or compared: it is too large, or holds a character that is not text')
    }
  }
}
