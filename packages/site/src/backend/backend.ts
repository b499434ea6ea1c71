import type { DocType, Document, Filter, LinkMatch, Values } from '@annex/protocol'
import type { Principal } from '../policy/principal.ts'

export interface DocumentId {
  readonly doctype: string
  readonly name: string
}

export interface ListRequest {
  readonly doctype: string
  /** Entries of `fields` as the caller wrote them; the name alone when absent. */
  readonly fields?: readonly string[]
  readonly filters?: readonly Filter[]
  readonly orFilters?: readonly Filter[]
  readonly orderBy?: string
  readonly groupBy?: string
  readonly distinct?: boolean
  readonly start?: number
  /** null = all. */
  readonly limit?: number | null
  /** The parent DocType, when rows of a child table are listed. */
  readonly parent?: string
}

export interface CountRequest {
  readonly doctype: string
  readonly filters?: readonly Filter[]
  readonly orFilters?: readonly Filter[]
  readonly distinct?: boolean
}

export interface LinkSearchRequest {
  readonly doctype: string
  /** What the person typed; plain text, no wildcards. */
  readonly text: string
  readonly filters?: readonly Filter[]
  readonly start?: number
  readonly limit: number
  /** The DocType of the form, for user permissions that hold for one DocType. */
  readonly referenceDoctype?: string
  /** A field whose value a match tells besides; it is not searched. */
  readonly searchField?: string
}

export interface UpdateRequest extends DocumentId {
  readonly values: Values
}

export interface CallRequest {
  readonly method: string
  readonly httpMethod: string
  readonly args: Readonly<Record<string, unknown>>
}

export type Row = Record<string, unknown>

/**
 * Where documents live (seam 2). The principal comes first; every verb judges what they may do.
 *
 * Documents come back whole, with null for what is empty and without what the principal may not see.
 * Each verb that writes is one transaction.
 *
 * @throws {FrappeError} `PermissionError`, `DoesNotExistError`, `ValidationError` and its kinds
 */
export interface Backend {
  doctype(principal: Principal, name: string): Promise<DocType>
  read(principal: Principal, id: DocumentId): Promise<Document>
  list(principal: Principal, request: ListRequest): Promise<Row[]>
  count(principal: Principal, request: CountRequest): Promise<number>
  searchLink(principal: Principal, request: LinkSearchRequest): Promise<LinkMatch[]>
  /** One or many, all or none, in one transaction. */
  insert(principal: Principal, doctype: string, documents: readonly Values[]): Promise<Document[]>
  update(principal: Principal, request: UpdateRequest): Promise<Document>
  setDocstatus(principal: Principal, id: DocumentId, docstatus: 1 | 2): Promise<Document>
  rename(principal: Principal, id: DocumentId, newName: string): Promise<string>
  remove(principal: Principal, id: DocumentId): Promise<void>
  call(principal: Principal, request: CallRequest): Promise<unknown>
}
