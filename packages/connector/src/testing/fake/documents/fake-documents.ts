import { FrappeError, isRecord } from '@annex/protocol'
import { randomToken } from '../../../core/sealing/base64.ts'
import { isColumn, isNumber, isTable, type FakeDocType, type FakeField } from './doctypes.ts'
import { asText } from './texts.ts'

export type FakeDocument = Record<string, unknown>

const OWN_FIELDS = ['name', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx', 'doctype']

/**
 * The documents of a fake site.
 *
 * As long as no DocType is defined, each that a test names is there and takes any field. Once one is defined, fields are
 * looked at where they are known, and a DocType without definition and documents is not there.
 */
export class FakeDocuments {
  readonly #clock: () => number
  readonly #doctypes = new Map<string, FakeDocType>()
  readonly #documents = new Map<string, Map<string, FakeDocument>>()
  /** `<DocType>/<name>/<user>` of what is hidden. */
  readonly #hidden = new Set<string>()
  #micros = 0
  #last = 0

  /** @param clock milliseconds since 1970 */
  constructor(clock: () => number) {
    this.#clock = clock
  }

  define(doctype: FakeDocType): void {
    this.#doctypes.set(doctype.name, doctype)
  }

  doctype(name: string): FakeDocType | undefined {
    return this.#doctypes.get(name)
  }

  /** Whether the site has such a DocType. */
  knows(doctype: string): boolean {
    return this.#doctypes.size === 0 || this.#doctypes.has(doctype) || this.#documents.has(doctype)
  }

  /** Undefined when the DocType is not defined, and so has no fields that are known. */
  fieldnames(doctype: string): string[] | undefined {
    const defined = this.#doctypes.get(doctype)
    return defined && [...OWN_FIELDS, 'parent', 'parenttype', 'parentfield', ...defined.fields.map((field) => field.fieldname)]
  }

  /**
   * Writes a document, new or over the one of its name; only what is given changes.
   *
   * Quietly: `modified` stays as it was, as an import or a change in the database leaves it.
   */
  set(doctype: string, document: Readonly<Record<string, unknown>>, { quietly = false, user = 'Administrator' } = {}): FakeDocument {
    const name = asText(document['name'] ?? this.nameOf(doctype, document))
    const before = this.read(doctype, name)
    const now = this.#now()
    const kept = before ?? { name: document['name'] ?? name, owner: user, creation: now, ...this.#empty(doctype) }
    const modified = document['modified'] ?? (quietly && before !== undefined ? before['modified'] : now)
    const written: FakeDocument = { docstatus: 0, idx: 0, ...kept, ...document, modified, modified_by: user, doctype }
    for (const field of this.#doctypes.get(doctype)?.fields ?? [])
      if (isTable(field)) written[field.fieldname] = this.#rows(written, field.fieldname, field.options ?? '')
    this.#of(doctype).set(name, written)
    return written
  }

  read(doctype: string, name: string): FakeDocument | undefined {
    return this.#documents.get(doctype)?.get(name)
  }

  /** All of a DocType, in the order they were made. */
  all(doctype: string): FakeDocument[] {
    return [...(this.#documents.get(doctype)?.values() ?? [])]
  }

  remove(doctype: string, name: string): void {
    this.#of(doctype).delete(name)
  }

  /** As a rename at the site: `creation` stays, links follow. Onto a name that is there, it is a merge: that document stays. */
  rename(doctype: string, from: string, to: string): void {
    const document = this.read(doctype, from)
    if (document === undefined) throw new FrappeError('DoesNotExistError', `${doctype} ${from} not found`)
    this.remove(doctype, from)
    if (this.read(doctype, to) === undefined) this.#of(doctype).set(to, { ...document, name: to, modified: this.#now() })
    for (const { name: other, fields } of this.#doctypes.values())
      for (const field of fields.filter((one) => one.fieldtype === 'Link' && one.options === doctype))
        for (const linking of this.all(other)) if (linking[field.fieldname] === from) linking[field.fieldname] = to
  }

  /** Whether another document, or a row of one, links to it. */
  isLinked(doctype: string, name: string): boolean {
    return [...this.#doctypes.values()].some(({ name: other, fields }) =>
      fields.some(
        (field) =>
          (field.fieldtype === 'Link' && field.options === doctype && this.all(other).some((one) => one[field.fieldname] === name)) ||
          (isTable(field) && this.#rowsLink(other, field, doctype, name)),
      ),
    )
  }

  #rowsLink(parent: string, table: FakeField, doctype: string, name: string): boolean {
    const links = this.#doctypes.get(table.options ?? '')?.fields.filter((one) => one.fieldtype === 'Link' && one.options === doctype) ?? []
    const rows = this.all(parent).flatMap((one) => one[table.fieldname] as FakeDocument[])
    return links.some((link) => rows.some((row) => row[link.fieldname] === name))
  }

  /** From now on this user does not see the document. */
  hide(doctype: string, name: string, from: string): void {
    this.#hidden.add(`${doctype}/${name}/${from}`)
  }

  isHidden(doctype: string, name: string, from: string): boolean {
    return this.#hidden.has(`${doctype}/${name}/${from}`)
  }

  /**
   * Plays the calls of a recorded scenario that make DocTypes and documents (`{ steps: [{ request }] }`); other steps, and
   * DocTypes of the site's own, are passed over.
   */
  load(recording: { readonly steps: readonly object[] }): void {
    for (const step of recording.steps) {
      const { request } = step as { readonly request?: { readonly method?: string; readonly path?: string; readonly json?: unknown } }
      const doctype = /^\/api\/resource\/([^/]+)$/.exec(request?.path ?? '')?.[1]
      if (doctype === undefined || request?.method !== 'POST' || !isRecord(request.json)) continue
      if (doctype === 'DocType') this.define(request.json as unknown as FakeDocType)
      else if (this.#doctypes.has(decodeURIComponent(doctype))) this.set(decodeURIComponent(doctype), request.json)
    }
  }

  /** Makes so many documents at once. */
  fill(doctype: string, count: number, make: (index: number) => Readonly<Record<string, unknown>>): void {
    for (let index = 0; index < count; index++) this.set(doctype, make(index))
  }

  #of(doctype: string): Map<string, FakeDocument> {
    const found = this.#documents.get(doctype) ?? new Map<string, FakeDocument>()
    this.#documents.set(doctype, found)
    return found
  }

  /** Each field of a DocType as a new document has it. */
  #empty(doctype: string): FakeDocument {
    const fields = (this.#doctypes.get(doctype)?.fields ?? []).filter(isColumn)
    return Object.fromEntries(
      fields.map((field) => [field.fieldname, isNumber(field) ? Number(field.default ?? 0) : (field.default ?? null)]),
    )
  }

  #rows(document: FakeDocument, field: string, doctype: string): FakeDocument[] {
    const rows = Array.isArray(document[field]) ? (document[field] as unknown[]).filter(isRecord) : []
    const parent = { parent: document['name'], parentfield: field, parenttype: document['doctype'], doctype }
    return rows.map((row, at) => ({
      docstatus: document['docstatus'],
      owner: document['owner'],
      creation: document['modified'],
      modified_by: document['modified_by'],
      ...this.#empty(doctype),
      ...row,
      name: row['name'] ?? randomToken().slice(0, 10),
      modified: document['modified'],
      idx: at + 1,
      ...parent,
    }))
  }

  /** What a new document will be called. */
  nameOf(doctype: string, document: Readonly<Record<string, unknown>>): string | number {
    const rule = this.#doctypes.get(doctype)?.autoname ?? ''
    const count = (this.#documents.get(doctype)?.size ?? 0) + 1
    if (rule.startsWith('field:')) return asText(document[rule.slice('field:'.length)] ?? '')
    if (rule === 'autoincrement') return count
    if (rule !== 'naming_series:') return randomToken().slice(0, 10)
    const series = asText(
      document['naming_series'] ?? this.#doctypes.get(doctype)?.fields.find((one) => one.fieldname === 'naming_series')?.default ?? '',
    )
    return series.replaceAll('.', '').replace(/#+$/, (marks) => asText(count).padStart(marks.length, '0'))
  }

  /** Text to the microsecond, in UTC; later than every one before. */
  #now(): string {
    const now = this.#clock()
    this.#micros = now <= this.#last ? this.#micros + 1 : 0
    this.#last = Math.max(this.#last, now)
    const time = new Date(this.#last + Math.floor(this.#micros / 1000)).toISOString()
    return `${time.slice(0, 10)} ${time.slice(11, 23)}${asText(this.#micros % 1000).padStart(3, '0')}`
  }
}
