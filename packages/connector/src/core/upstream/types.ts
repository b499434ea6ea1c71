import type { Document, Filter, Values } from '@annex/protocol'

/**
 * The DocTypes of a site, by name: filled by files that `annex-connector types` writes.
 * `declare module '@annex/connector' { interface DocTypes { Customer: Customer } }`
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- an interface is what a generated file can add to
export interface DocTypes {}

/** A document of a DocType: as its generated interface says, else any fields. */
export type DocumentOf<D extends string> = D extends keyof DocTypes ? DocTypes[D] : Document

/** What may be set of a document; of a table, rows with the fields that are to be set. */
export type ValuesOf<D extends string> = D extends keyof DocTypes ? Settable<DocTypes[D]> : Values
type Settable<T> = { readonly [K in keyof T]?: T[K] extends readonly (infer Row extends object)[] ? readonly Partial<Row>[] : T[K] | null }

/** Names of fields; of a DocType without a generated interface, and of `string`, any text that the site takes for a field. */
export type FieldOf<D extends string> = D extends keyof DocTypes ? keyof DocTypes[D] & string : string

/** One row of a list: the fields that were asked for. */
export type RowOf<D extends string, F extends string> = D extends keyof DocTypes
  ? Pick<DocTypes[D], F & keyof DocTypes[D]>
  : Record<string, unknown>

/** Conditions as the site's documentation writes them (an object, triples, quadruples), or parsed. Never changed. */
export type Filters = readonly Filter[] | readonly (readonly unknown[])[] | Readonly<Record<string, unknown>>

/** Named values of a method's call. */
export type Arguments = Readonly<Record<string, unknown>>

/** Of every verb, the last parameter. */
export interface CallOptions {
  /** Ends the call in whatever phase it is; it throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** For the call with all its attempts and the waits between them, in milliseconds; the client's when absent. */
  readonly timeoutMs?: number | undefined
  /** How often it is asked again while the site is busy; the client's when absent. */
  readonly retries?: number | undefined
}

/** Which documents of a DocType, which of their fields, and in which order. */
export interface ListOptions<F extends string = string> extends CallOptions {
  /** The name alone when absent. */
  readonly fields?: readonly F[]
  /** All of these must hold. */
  readonly filters?: Filters
  /** At least one of these must hold, besides all of `filters`. */
  readonly orFilters?: Filters
  /** `modified desc` when absent, unless grouped. */
  readonly orderBy?: string
  /** A field: rows that are equal in it come as one. */
  readonly groupBy?: string
  /** Rows that are equal in all fields come once; Frappe 15 does not know it. */
  readonly distinct?: boolean
  /** Rows to pass over: 0 when absent. */
  readonly start?: number
  /** Rows: 20 when absent, none for 0, null = all. */
  readonly limit?: number | null
  /** The parent DocType, when rows of a child table are listed. */
  readonly parent?: string
}

/** Which documents are counted; all when absent. */
export type CountOptions = CallOptions & Pick<ListOptions, 'filters' | 'orFilters'>

/** What is looked for among the documents that a link field may name. */
export interface LinkSearchOptions extends CallOptions {
  /** What is typed; empty for what the site suggests before that. */
  readonly text: string
  /** Matches to pass over; Frappe 15 does not know it. */
  readonly start?: number
  /** Matches: 10 when absent. */
  readonly limit?: number
  /** All of these must hold of what is suggested. */
  readonly filters?: Filters
  /** The DocType of the form, for user permissions that hold for one DocType. */
  readonly referenceDoctype?: string
  /** A whitelisted method of the site that answers in place of its own search. */
  readonly query?: string
}

/** How a method of the site is called. */
export interface MethodOptions extends CallOptions {
  /** `POST` when absent: a site keeps nothing of what a GET writes. */
  readonly httpMethod?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** To be asked twice does no harm: it is sent again when the site is busy, as a GET is. */
  readonly idempotent?: boolean
}

/** What a file is called at the site, who sees it, and what it hangs on. */
export interface UploadOptions extends CallOptions {
  /** With its ending: `invoice.pdf`. */
  readonly name: string
  /** True when absent: only who may read the document it hangs on sees it. */
  readonly isPrivate?: boolean
  /** The name of a folder at the site: `Home` when absent. */
  readonly folder?: string
  /** The document it hangs on, and the field of it that shows the file, when it is to be in one. */
  readonly attachTo?: { readonly doctype: string; readonly name: string; readonly field?: string }
}

/** How much of a file is taken, and how patiently. */
export interface DownloadOptions extends Pick<CallOptions, 'signal'> {
  /** For the whole file, in milliseconds; 60,000 when absent. Its beginning has to come within the client's own limit. */
  readonly timeoutMs?: number | undefined
  /** A larger file is given up, in bytes: 67,108,864 (64 MB) when absent. It is held in memory. */
  readonly maxBytes?: number | undefined
}

/** What is written on a task that is given to users. */
export interface AssignOptions extends CallOptions {
  /** What is to be done; the site takes HTML. */
  readonly description?: string
  /** Until when, as `YYYY-MM-DD`. */
  readonly date?: string
  /** `Medium` when absent. */
  readonly priority?: 'Low' | 'Medium' | 'High'
}

/** A DocType as its site describes it; keys that are empty are absent. */
export interface DocTypeMeta {
  readonly name: string
  readonly fields: readonly FieldMeta[]
  readonly [key: string]: unknown
}

/** A field of a DocType as its site describes it. */
export interface FieldMeta {
  readonly fieldname: string
  readonly fieldtype: string
  readonly label?: string
  /** The target of a Link, the row type of a Table, the choices of a Select. */
  readonly options?: string
  readonly [key: string]: unknown
}
