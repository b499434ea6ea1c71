import type { LinkMatch, Values } from '@annex/protocol'
import type { CallsParts } from './calls/call.ts'
import type { Calls } from './calls/calls.ts'
import type { Version } from './calls/paths.ts'
import type { Credentials } from './credentials.ts'
import { createSend, fetchTransport, type Fetch, type Transport } from './transport.ts'
import type {
  Arguments,
  AssignOptions,
  CallOptions,
  CountOptions,
  DocTypeMeta,
  DocumentOf,
  DownloadOptions,
  FieldOf,
  Filters,
  LinkSearchOptions,
  ListOptions,
  MethodOptions,
  RowOf,
  UploadOptions,
  ValuesOf,
} from './types.ts'
import type { FailedChange } from './verbs/client-methods.ts'

/** Which site is called, as whom, and how patiently. */
export interface UpstreamClientOptions {
  /** The site's address. */
  readonly url: string
  readonly credentials: Credentials
  /** The version of the site's API: 1 when absent, which every Frappe has. */
  readonly api?: Version
  readonly fetch?: Fetch
  /** Carries the calls in place of `fetch`; `client.fetch` and downloads go by `fetch` still. */
  readonly transport?: Transport
  /** For one call with all its attempts and the waits between them, in milliseconds; 10,000 when absent. */
  readonly timeoutMs?: number
  /** Milliseconds since 1970. */
  readonly clock?: () => number
  /** How often a call that changes nothing is asked again: 2 when absent. */
  readonly retries?: number
  /** The longest wait for a site that is busy, in milliseconds; 10,000 when absent. */
  readonly maxWaitMs?: number
}

// A sign-in needs none of it: each is loaded when it is asked for.
// What most calls want is kept: `import` looks it up anew each time, for as much as the rest of the call costs. The others are too
// rare to be worth the bytes in a browser.
let ofDocuments: typeof import('./verbs/documents.ts') | undefined
const documentVerbs = async () => (ofDocuments ??= await import('./verbs/documents.ts'))
const clientMethods = () => import('./verbs/client-methods.ts')
const deskMethods = () => import('./verbs/desk-methods.ts')
const files = () => import('./verbs/files.ts')

/** For one answer: a list of all rows may be long. */
const MOST_BYTES = 64 << 20

/**
 * Documents and methods of one Frappe, ERPNext or Annex site, as one user.
 *
 * Every verb throws `SignInRequired` when access has ended, `ScopeMissing` when the token does not cover the call,
 * `UpstreamUnavailable` when no answer of a Frappe site comes in time, and `FrappeError` for what the site refuses.
 * What only asks is asked again while the site is busy, with the waits that it wants; what changes something is sent once.
 * A 401 sends any call a second time, with a renewed token.
 */
export class UpstreamClient {
  readonly #parts: CallsParts
  #made: Calls | undefined

  constructor(options: UpstreamClientOptions) {
    const { url, credentials, api = 1, fetch: own = fetch, transport = fetchTransport(own) } = options
    const { timeoutMs = 10_000, clock = Date.now, retries = 2, maxWaitMs = 10_000 } = options
    const send = createSend(transport, timeoutMs, MOST_BYTES)
    this.#parts = { origin: new URL(url).origin, credentials, api, send, transport, fetch: own, clock, timeoutMs, retries, maxWaitMs }
  }

  /** The document, without its empty fields. */
  async read<D extends string>(doctype: D, name: string | number, options?: CallOptions): Promise<DocumentOf<D>> {
    return (await documentVerbs()).read(await this.#calls(), doctype, name, options) as Promise<DocumentOf<D>>
  }

  /** The one document of a Single. */
  readSingle<D extends string>(doctype: D, options?: CallOptions): Promise<DocumentOf<D>> {
    return this.read(doctype, doctype, options)
  }

  /** Fields of the document named, or of the one that matches and was changed last; undefined when there is none. */
  async readValue<D extends string, F extends FieldOf<D>>(
    doctype: D,
    filters: Filters | string | number,
    fields: readonly F[],
    options?: CallOptions,
  ): Promise<Record<F, unknown> | undefined> {
    const where = typeof filters === 'object' ? filters : { name: filters }
    return (await this.list<string>(doctype, { ...options, filters: where, fields, limit: 1 }))[0]
  }

  /** A field of a Single, as a value of its kind; null when it is empty. */
  async readSingleValue(doctype: string, field: string, options?: CallOptions): Promise<unknown> {
    return (await clientMethods()).readSingleValue(await this.#calls(), doctype, field, options)
  }

  /** The document that was made last; undefined when none matches. */
  async readLast<D extends string>(doctype: D, options?: CountOptions): Promise<DocumentOf<D> | undefined> {
    const [last] = await this.list<string>(doctype, { ...options, orderBy: 'creation desc', limit: 1 })
    return last && this.read(doctype, last['name'] as string, options)
  }

  /** Whether there is such a document that this user may see. */
  async exists(doctype: string, name: string | number, options?: CallOptions): Promise<boolean> {
    return (await this.readValue<string, string>(doctype, name, ['name'], options)) !== undefined
  }

  /** Rows in the order that is asked for. Expressions for fields (`count(name) as n`) want `list<string>(…)` where a DocType has types. */
  async list<D extends string, F extends FieldOf<D> = FieldOf<D>>(doctype: D, options: ListOptions<F> = {}): Promise<RowOf<D, F>[]> {
    return (await documentVerbs()).list(await this.#calls(), doctype, options) as Promise<RowOf<D, F>[]>
  }

  /**
   * Every row, a page of `limit` (500 when absent) at a time: `for await (const row of client.each('Item'))`.
   *
   * By name, which always comes along: what others insert and remove meanwhile leads to no row met twice, and to none missed
   * that was there all the time. With an order, groups or `distinct`, by place instead, from `start` on.
   *
   * @throws {TypeError} for a `start` without an order: rows that go by name have no place to start at
   */
  async *each<D extends string, F extends FieldOf<D> = FieldOf<D>>(
    doctype: D,
    options: ListOptions<F> = {},
  ): AsyncGenerator<RowOf<D, F>, void, undefined> {
    yield* (await documentVerbs()).each(await this.#calls(), doctype, options) as AsyncGenerator<RowOf<D, F>>
  }

  /** How many documents match of those that this user may read. */
  async count(doctype: string, options: CountOptions = {}): Promise<number> {
    return (await deskMethods()).count(await this.#calls(), doctype, options)
  }

  /** Makes a document, its rows with it. Gives it as the site has saved it: with its name, and what the site has filled in. */
  async insert<D extends string>(doctype: D, values: ValuesOf<D>, options?: CallOptions): Promise<DocumentOf<D>> {
    return (await documentVerbs()).insert(await this.#calls(), doctype, values, options) as Promise<DocumentOf<D>>
  }

  /** All or none, 200 at most. Gives their names in the same order. */
  async insertMany(documents: readonly (Values & { readonly doctype: string })[], options?: CallOptions): Promise<string[]> {
    return (await clientMethods()).insertMany(await this.#calls(), documents, options)
  }

  /**
   * Sends the values alone; with `modified` among them, as it was read, the site refuses to write over a newer document
   * (`TimestampMismatchError`). A table is replaced by the rows sent: send all of them, those that were there with their names.
   */
  async update<D extends string>(doctype: D, name: string | number, values: ValuesOf<D>, options?: CallOptions): Promise<DocumentOf<D>> {
    return (await documentVerbs()).update(await this.#calls(), doctype, name, values, options) as Promise<DocumentOf<D>>
  }

  /** Each by itself. Gives those that failed. */
  async updateMany(
    changes: readonly (Values & { readonly doctype: string; readonly docname: string })[],
    options?: CallOptions,
  ): Promise<FailedChange[]> {
    return (await clientMethods()).updateMany(await this.#calls(), changes, options)
  }

  /** Sets fields as they are given, 0, false and empty text too, with all that saving does. Of a child row, gives its document. */
  async setValue<D extends string>(doctype: D, name: string | number, values: ValuesOf<D>, options?: CallOptions): Promise<DocumentOf<D>> {
    return (await clientMethods()).setValue(await this.#calls(), doctype, name, values, options) as Promise<DocumentOf<D>>
  }

  /** Deletes a document. @throws {FrappeError} `LinkExistsError` while others name it, `DoesNotExistError` when it is not there */
  async remove(doctype: string, name: string | number, options?: CallOptions): Promise<void> {
    return (await documentVerbs()).remove(await this.#calls(), doctype, name, options)
  }

  /** Submits the document as it is at the site now, or as it is given, which fails when others have changed it since. */
  async submit<D extends string>(doctype: D, target: string | number | DocumentOf<D>, options?: CallOptions): Promise<DocumentOf<D>> {
    const document = typeof target === 'object' ? target : await this.read(doctype, target, options)
    return (await clientMethods()).submit(await this.#calls(), doctype, document, options) as Promise<DocumentOf<D>>
  }

  /** Cancels a submitted document. Gives it as it is then. @throws {FrappeError} when others that were submitted build on it */
  async cancel<D extends string>(doctype: D, name: string | number, options?: CallOptions): Promise<DocumentOf<D>> {
    return (await clientMethods()).cancel(await this.#calls(), doctype, name, options) as Promise<DocumentOf<D>>
  }

  /** Gives the name that it has now. `merge`: into a document that has the name already. */
  async rename(doctype: string, from: string, to: string, options?: CallOptions & { readonly merge?: boolean }): Promise<string> {
    return (await clientMethods()).rename(await this.#calls(), doctype, from, to, options)
  }

  /** Gives a document to people. Gives those who have it to do now, as the site lists them (five at most). */
  async assign(doctype: string, name: string | number, users: readonly string[], options?: AssignOptions): Promise<string[]> {
    return (await deskMethods()).assign(await this.#calls(), doctype, name, users, options)
  }

  /** Keeps a default of this user. @throws {NotSupported} at a Frappe 15 and newer, which dropped it */
  async setDefault(key: string, value: string, options?: CallOptions): Promise<void> {
    return (await clientMethods()).setDefault(await this.#calls(), key, value, options)
  }

  /** The document's name as it is stored, and fields of it; undefined when there is none. @throws {FrappeError} `PermissionError` */
  async validateLink(
    doctype: string,
    name: string,
    fields: readonly string[] = [],
    options?: CallOptions,
  ): Promise<(Readonly<Record<string, unknown>> & { readonly name: string }) | undefined> {
    return (await clientMethods()).validateLink(await this.#calls(), doctype, name, fields, options)
  }

  /** What a link field suggests for the text typed. Asked once: while somebody types, the next key asks again. */
  async searchLink(doctype: string, options: LinkSearchOptions): Promise<LinkMatch[]> {
    return (await deskMethods()).searchLink(await this.#calls(), doctype, options)
  }

  /** A DocType and those of its rows, as the site's forms get them. */
  async doctype(name: string, options?: CallOptions): Promise<{ readonly doctype: DocTypeMeta; readonly rows: readonly DocTypeMeta[] }> {
    return (await deskMethods()).describe(await this.#calls(), name, options)
  }

  /** Who this user is at the site. */
  async user(options?: CallOptions): Promise<string> {
    return String(await this.call('frappe.auth.get_logged_user', {}, { ...options, httpMethod: 'GET' }))
  }

  /** The zone of the site's times, as `Asia/Kolkata`. */
  async timeZone(options?: CallOptions): Promise<string> {
    return (await clientMethods()).timeZone(await this.#calls(), options)
  }

  /** A whitelisted method by its dotted name. Gives what it answers, null when it answers nothing. */
  async call(method: string, args: Arguments = {}, { httpMethod = 'POST', idempotent, ...options }: MethodOptions = {}): Promise<unknown> {
    const place = httpMethod === 'GET' || httpMethod === 'DELETE' ? { query: args } : { body: args }
    return (await this.#calls()).method(method, { method: httpMethod, ...place, idempotent, options })
  }

  /** Keeps a file at the site, to be seen by those alone who may see what it is attached to, unless told otherwise. */
  async upload(file: Blob, options: UploadOptions): Promise<DocumentOf<'File'>> {
    return (await files()).upload(await this.#calls(), file, options)
  }

  /**
   * A file by the `file_url` of its document.
   *
   * @throws {FrappeError} `RequestTooLargeError` for a file of more than `maxBytes`
   * @throws {UpstreamUnavailable} `timeout` for one that is not here in time
   */
  async download(fileUrl: string, options: DownloadOptions = {}): Promise<Blob> {
    return (await files()).download(await this.#calls(), fileUrl, options)
  }

  /**
   * Anything of the site, as this user: a path, and what `fetch` takes. The answer is given as it is, a redirect and a
   * refusal too; a body that can be read once (a stream, a generator) is sent once, so that its 401 is given as well.
   *
   * @throws {TypeError} for an address that is not the site's: its credentials go nowhere else
   */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return (await import('./verbs/passage.ts')).pass(await this.#calls(), path, init)
  }

  async #calls(): Promise<Calls> {
    return (this.#made ??= new (await import('./calls/calls.ts')).Calls(this.#parts))
  }
}
