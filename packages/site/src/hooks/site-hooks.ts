import type { Document, Right, Values } from '@annex/protocol'
import type { ReplyParts } from '../backend/method.ts'

export type { Document, Values } from '@annex/protocol'

/** The moments of a document, by Frappe's names, in the order in which they come. */
export const EVENT_NAMES = [
  'before_insert',
  'before_validate',
  'validate',
  'before_save',
  'before_submit',
  'before_update_after_submit',
  'before_cancel',
  'after_insert',
  'on_update',
  'on_submit',
  'on_update_after_submit',
  'on_cancel',
  'on_trash',
  'after_delete',
  'after_rename',
] as const
export type EventName = (typeof EVENT_NAMES)[number]

/** How a refusal is named on the wire; a ValidationError is answered with 417. */
export const REFUSALS = ['ValidationError', 'PermissionError', 'DoesNotExistError', 'DuplicateEntryError', 'MandatoryError'] as const
export type Refusal = (typeof REFUSALS)[number]

/** Ends the work and undoes what was changed; the caller reads the sentence. */
export type Refuse = (sentence: string, as?: Refusal) => never

/**
 * One document at one of its moments, inside the transaction of its change. There is no way to other documents from
 * here: a second transaction would wait for this one.
 */
export interface DocumentEvent<D extends object = Document> {
  readonly event: EventName
  readonly doctype: string
  /** Before the write, what is about to be written: set its fields. Afterwards a copy. */
  readonly document: D
  /** As it was stored; absent while it is inserted. */
  readonly previous: Readonly<D> | undefined
  /** Who changes it. */
  readonly user: string
  readonly refuse: Refuse
}

export interface ListOptions {
  readonly fields?: readonly string[]
  /** As Frappe's clients write them: `{status: 'Open'}` or `[['status', '=', 'Open']]`. */
  readonly filters?: Readonly<Record<string, unknown>> | readonly (readonly unknown[])[]
  readonly orderBy?: string
  readonly start?: number
  /** 20 when absent; null = all. */
  readonly limit?: number | null
}

/** Documents as the caller may see and change them; each change is a transaction of its own. */
export interface CallerDocuments {
  read(doctype: string, name: string): Promise<Document>
  list(doctype: string, options?: ListOptions): Promise<Record<string, unknown>[]>
  count(doctype: string, filters?: ListOptions['filters']): Promise<number>
  insert(doctype: string, values: Values): Promise<Document>
  update(doctype: string, name: string, values: Values): Promise<Document>
  submit(doctype: string, name: string): Promise<Document>
  cancel(doctype: string, name: string): Promise<Document>
  rename(doctype: string, name: string, newName: string): Promise<string>
  remove(doctype: string, name: string): Promise<void>
  /** Another whitelisted method, by its dotted name. */
  call(method: string, args?: Values): Promise<unknown>
}

export interface Call {
  /** `Guest` when nobody has signed in. */
  readonly user: string
  readonly roles: ReadonlySet<string>
  /** As they were sent; check them. */
  readonly args: Values
  readonly httpMethod: string
  readonly documents: CallerDocuments
  readonly refuse: Refuse
  /** For an answer that is more than one value: messages, further keys, a file. */
  readonly reply: (parts: ReplyParts) => unknown
}

/** A call of a method of one document. */
export interface DocumentCall<D extends object = Document> extends Call {
  readonly doctype: string
  /** As it is stored, without what the caller may not see. A change of it is nothing: `documents.update` stores one. */
  readonly document: Readonly<D>
}

export interface Search {
  readonly user: string
  readonly doctype: string
  /** What the person typed. */
  readonly text: string
  readonly searchField: string
  readonly start: number
  readonly pageLength: number
  /** As they were sent, when that was an object. */
  readonly filters: Values
  readonly documents: CallerDocuments
  readonly refuse: Refuse
}

/** What a link query finds: values, or rows whose first column is the value and whose others describe it. */
export type Found = readonly (string | number | readonly (string | number | null)[])[]

export interface QueryOptions {
  /** Whether it may be called without signing in; false when absent. */
  readonly guest?: boolean
  /**
   * What it uses, for an access token to be judged by: `verbs` when it touches nothing but `documents`, a list of rights,
   * `open` for nothing. Left out, a token needs the scope `method:` and the name.
   */
  readonly rights?: 'open' | 'verbs' | 'undeclared' | readonly { readonly doctype: string; readonly right: Right }[]
}

export interface MethodOptions extends QueryOptions {
  /** POST when absent. One that takes GET must change nothing: any page can make a browser send it. */
  readonly methods?: readonly ('GET' | 'POST' | 'PUT' | 'DELETE')[]
}

export interface DocumentMethodOptions {
  /** What it uses besides its document, as of a method. A token needs the right to read or to write the document anyway. */
  readonly rights?: QueryOptions['rights']
  /** POST when absent, which takes the right to write the document. One that takes GET, with the right to read it, must change nothing. */
  readonly methods?: readonly ('GET' | 'POST')[]
}

/** What a module of the hooks folder gets: `export function hooks(site: SiteHooks) { … }`. */
export interface SiteHooks {
  /** At each such moment of each document of the DocType. */
  on<D extends object = Document>(doctype: string, event: EventName, handler: (event: DocumentEvent<D>) => void | Promise<void>): void
  /** A whitelisted method: `/api/method/<name>`. */
  method(name: string, options: MethodOptions, handler: (call: Call) => unknown): void
  /** A whitelisted method of each document of the DocType, for `run_method`, `run_doc_method` and `/api/v2/document/…/method/<name>`. */
  documentMethod<D extends object = Document>(
    doctype: string,
    name: string,
    options: DocumentMethodOptions,
    handler: (call: DocumentCall<D>) => unknown,
  ): void
  /** What a link field with `query` set to the name offers. */
  linkQuery(name: string, options: QueryOptions, handler: (search: Search) => Found | Promise<Found>): void
}
