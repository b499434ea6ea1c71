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
  /** Counts no further. */
  readonly limit?: number | null
  /** The parent DocType, when rows of a child table are counted. */
  readonly parent?: string
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

export interface RenameOptions {
  /** Joins the document to the one that has the new name: what linked to it links there, and it is gone. */
  readonly merge?: boolean
}

/** A file that came with a call. */
export interface UploadedFile {
  readonly filename: string
  readonly contentType: string
  readonly bytes: Buffer
}

export interface CallRequest {
  readonly method: string
  readonly httpMethod: string
  readonly args: Readonly<Record<string, unknown>>
  /** Files of a multipart body, by the name of their part. */
  readonly files?: ReadonlyMap<string, UploadedFile>
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
  /**
   * One or many, all or none, in one transaction.
   *
   * @param doctype - of all of them, or of each, in their order
   */
  insert(principal: Principal, doctype: string | readonly string[], documents: readonly Values[]): Promise<Document[]>
  update(principal: Principal, request: UpdateRequest): Promise<Document>
  setDocstatus(principal: Principal, id: DocumentId, docstatus: 1 | 2): Promise<Document>
  rename(principal: Principal, id: DocumentId, newName: string, options?: RenameOptions): Promise<string>
  remove(principal: Principal, id: DocumentId): Promise<void>
  call(principal: Principal, request: CallRequest): Promise<unknown>
}

/** The DocType of each document of an insert. */
export const doctypeOfEach = (doctype: string | readonly string[], documents: readonly Values[]): readonly string[] =>
  typeof doctype === 'string' ? documents.map(() => doctype) : doctype
