import type { Connection } from '@annex/database'
import type { DocType, Document, Right } from '@annex/protocol'

/** One change of one document, inside its transaction. */
export interface Change {
  readonly connection: Connection
  readonly doctype: DocType
  /** Who changes it. */
  readonly user: string
  /** As it will be stored; a controller may alter it before the write. */
  readonly document: Document
  /** As it was; absent on insert. */
  readonly previous?: Document
  /** The raw values that the caller sent, with keys that no column has (`new_password`). */
  readonly sent: Readonly<Record<string, unknown>>
  /** What a controller adds to the answer of this one call (a secret shown once). Never stored. */
  readonly reply: Record<string, unknown>
}

/**
 * The behaviour of a core DocType. Documents calls it inside the transaction of the change,
 * so that what it writes commits with the document or not at all.
 */
export interface Controller {
  /** Runs after defaults, before validation and the write. */
  beforeInsert?(change: Change): Promise<void>
  beforeUpdate?(change: Change): Promise<void>
  /** Runs after the write, in the same transaction. */
  afterInsert?(change: Change): Promise<void>
  afterUpdate?(change: Change): Promise<void>
  beforeRemove?(change: Change): Promise<void>
  afterRemove?(change: Change): Promise<void>
  /** Runs after the commit: caches may be dropped here. */
  afterCommit?(): Promise<void>
  /** Shapes a stored document for a reader (a secret as stars). */
  shape?(document: Document): Document
  /** Rights at level 0 that a user has on a document besides those of their roles (their own User). */
  ownRights?(user: string, name: string): readonly Right[]
  /** Of a virtual DocType: its documents come from here and not from a table. */
  virtual?: VirtualDocuments
}

export interface VirtualDocuments {
  read(name: string): Promise<Document | undefined>
  /** Every document that matches simple equality filters, newest first. */
  list(request: {
    readonly filters: Readonly<Record<string, unknown>>
    readonly start: number
    readonly limit: number | null
  }): Promise<Document[]>
  count(filters: Readonly<Record<string, unknown>>): Promise<number>
}
