import { FrappeError, isRecord, parseFilters, type Document, type Filter, type LinkMatch, type Values } from '@annex/protocol'
import type { TokenOptions } from '../tokens/access-tokens.ts'
import { SignInRequired, UpstreamUnavailable } from '../errors.ts'
import { judgeAnswer } from './upstream-answers.ts'
import { createTransport, type Fetch, type Send, type UpstreamAnswer } from './transport.ts'

/** One source of who is calling: a person's token, renewed as needed, or the API key of one user as `key:secret`. */
export type Credentials =
  { readonly token: (options?: TokenOptions) => Promise<string>; readonly signInUrl: () => string } | { readonly apiKey: string }

/** Conditions as the site's documentation writes them (an object, triples, quadruples), or parsed. */
export type Filters = readonly Filter[] | readonly (readonly unknown[])[] | Readonly<Record<string, unknown>>

export interface ListOptions {
  /** The name alone when absent. */
  readonly fields?: readonly string[]
  readonly filters?: Filters
  readonly orFilters?: Filters
  /** `modified desc` when absent, unless grouped. */
  readonly orderBy?: string
  readonly groupBy?: string
  /** Rows that are equal in all fields come once. */
  readonly distinct?: boolean
  readonly start?: number
  /** 20 when absent, null = all. */
  readonly limit?: number | null
  /** The parent DocType, when rows of a child table are listed. */
  readonly parent?: string
  readonly signal?: AbortSignal
}

export interface LinkSearchOptions {
  readonly text: string
  /** Matches to pass over; Frappe 15 does not know it. */
  readonly start?: number
  /** 10 when absent. */
  readonly limit?: number
  readonly filters?: Filters
  /** The DocType of the form, for user permissions that hold for one DocType. */
  readonly referenceDoctype?: string
  readonly signal?: AbortSignal
}

export interface UpstreamClientOptions {
  /** The site's address. */
  readonly url: string
  readonly credentials: Credentials
  readonly fetch?: Fetch
  /** For one answer, in milliseconds; 10,000 when absent. */
  readonly timeoutMs?: number
  readonly clock?: () => number
}

type Arguments = Readonly<Record<string, unknown>>
interface Call {
  readonly method: string
  readonly path: string
  readonly query?: Arguments
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
}

/**
 * Documents and methods of one Frappe, ERPNext or Annex site, as one user.
 *
 * Every verb throws `SignInRequired` when access has ended, `ScopeMissing` when the token does not cover the call,
 * `UpstreamUnavailable` when no answer of a Frappe site comes in time, and `FrappeError` for what the site refuses.
 * A call is sent once; only a 401 sends it a second time, with a renewed token.
 */
export class UpstreamClient {
  readonly #origin: string
  readonly #credentials: Credentials
  readonly #send: Send
  readonly #clock: () => number

  constructor({ url, credentials, fetch: send = fetch, timeoutMs = 10_000, clock = Date.now }: UpstreamClientOptions) {
    this.#origin = new URL(url).origin
    this.#credentials = credentials
    this.#send = createTransport(send, timeoutMs)
    this.#clock = clock
  }

  async read(doctype: string, name: string | number): Promise<Document> {
    return documentOf(await this.#data({ method: 'GET', path: documentPath(doctype, name) }))
  }

  async list(doctype: string, options: ListOptions = {}): Promise<Record<string, unknown>[]> {
    const {
      fields = ['name'],
      filters,
      orFilters,
      groupBy,
      orderBy = groupBy === undefined ? 'modified desc' : undefined,
      distinct = false,
      start = 0,
      limit = 20,
      parent,
      signal,
    } = options
    const query = {
      fields,
      filters: filters && quadruples(doctype, filters),
      or_filters: orFilters && quadruples(doctype, orFilters),
      order_by: orderBy,
      group_by: groupBy,
      distinct: distinct ? 1 : undefined,
      limit_start: start,
      // 0 is Frappe's word for all.
      limit_page_length: limit ?? 0,
      parent,
    }
    const rows = await this.#data({ method: 'GET', path: doctypePath(doctype), query, signal })
    return Array.isArray(rows) ? rows.filter(isRecord) : []
  }

  /** Counts what this user may read (`frappe.client.get_count` of Frappe 15 would count all). */
  async count(doctype: string, options: Pick<ListOptions, 'filters' | 'orFilters' | 'signal'> = {}): Promise<number> {
    const conditions = [options.filters ?? [], options.orFilters ?? []].flatMap(parseFilters)
    // A condition on a child table finds a document once a row.
    const distinct = conditions.some((filter) => filter.doctype !== undefined && filter.doctype !== doctype) ? 'distinct ' : ''
    const [row] = await this.list(doctype, { ...options, fields: [`count(${distinct}name) as count`], orderBy: '', limit: 1 })
    return Number(row?.['count'] ?? 0)
  }

  async insert(doctype: string, values: Values): Promise<Document> {
    return documentOf(await this.#data({ method: 'POST', path: doctypePath(doctype), body: values }))
  }

  /** Sends the values alone; with `modified` among them the site refuses to write over a newer document. */
  async update(doctype: string, name: string | number, values: Values): Promise<Document> {
    return documentOf(await this.#data({ method: 'PUT', path: documentPath(doctype, name), body: values }))
  }

  async remove(doctype: string, name: string | number): Promise<void> {
    await this.#answer({ method: 'DELETE', path: documentPath(doctype, name) })
  }

  /** A whitelisted method by its dotted name. Gives `message`, null when the method answers nothing. */
  async call(
    method: string,
    args: Arguments = {},
    { httpMethod = 'POST', signal }: { httpMethod?: 'GET' | 'POST'; signal?: AbortSignal } = {},
  ): Promise<unknown> {
    const place = httpMethod === 'GET' ? { query: args } : { body: args }
    return (
      (await this.#answer({ method: httpMethod, path: `/api/method/${encodeURIComponent(method)}`, ...place, signal }))['message'] ?? null
    )
  }

  /** What a link field suggests for the text typed. */
  async searchLink(
    doctype: string,
    { text, start = 0, limit = 10, filters, referenceDoctype, signal }: LinkSearchOptions,
  ): Promise<LinkMatch[]> {
    const query = {
      doctype,
      txt: text,
      start: start > 0 ? start : undefined,
      page_length: limit,
      filters: filters && quadruples(doctype, filters),
      reference_doctype: referenceDoctype,
    }
    const answer = await this.#answer({ method: 'GET', path: '/api/method/frappe.desk.search.search_link', query, signal })
    // Frappe up to 14 calls the list `results`.
    const matches = answer['message'] ?? answer['results']
    return Array.isArray(matches) ? matches.filter(isRecord).map(toMatch) : []
  }

  async #data(call: Call): Promise<unknown> {
    return (await this.#answer(call))['data']
  }

  async #answer(call: Call): Promise<Record<string, unknown>> {
    if ('apiKey' in this.#credentials) return judgeAnswer(await this.#request(call, `token ${this.#credentials.apiKey}`), this.#clock())
    const { token, signInUrl } = this.#credentials
    const first = await token()
    const answer = await this.#request(call, `Bearer ${first}`)
    if (answer.status !== 401) return judgeAnswer(answer, this.#clock())
    const replay = await this.#request(call, `Bearer ${await token({ rejected: first })}`)
    if (replay.status === 401) throw new SignInRequired('The primary site refuses your access: sign in with it again', signInUrl())
    return judgeAnswer(replay, this.#clock())
  }

  #request({ method, path, query, body, signal }: Call, authorization: string): Promise<UpstreamAnswer> {
    const search = query === undefined ? '' : `?${encodeQuery(query)}`
    return this.#send(`${this.#origin}${path}${search}`, {
      method,
      headers: { accept: 'application/json', authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    })
  }
}

const doctypePath = (doctype: string): string => `/api/resource/${pathPart(doctype)}`
const documentPath = (doctype: string, name: string | number): string => `${doctypePath(doctype)}/${pathPart(String(name))}`

/** Dots alone would climb in the path, however they are encoded, and nothing at all would name the whole list. */
function pathPart(name: string): string {
  if (/^\.{0,2}$/.test(name)) throw new FrappeError('DoesNotExistError', `“${name}” is not a name that can be asked for`)
  return encodeURIComponent(name)
}

function encodeQuery(query: Arguments): string {
  const sent = Object.entries(query).filter(([, value]) => value !== undefined && value !== null)
  return new URLSearchParams(
    Object.fromEntries(sent.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)])),
  ).toString()
}

/** The one form that no version of Frappe takes for another. */
const quadruples = (doctype: string, filters: Filters): unknown[][] =>
  parseFilters(filters).map((filter) => [filter.doctype ?? doctype, filter.fieldname, filter.operator, filter.value])

function documentOf(data: unknown): Document {
  if (isRecord(data) && data['name'] !== undefined) return data as Document
  throw new UpstreamUnavailable('The site answered without the document: check the address of the site')
}

const toMatch = ({ value, description, label }: Record<string, unknown>): LinkMatch => ({
  value: String(value),
  description: typeof description === 'string' ? description : '',
  ...(typeof label === 'string' && label !== '' ? { label } : {}),
})
