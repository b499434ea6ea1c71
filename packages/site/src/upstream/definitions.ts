import type { UpstreamClient } from '@annex/connector'
import { FrappeError, isTableField, type DocType } from '@annex/protocol'
import { parseDocType } from '../doctypes/parse-doctype.ts'

const KEPT_MS = 60_000

/** A DocType with the definitions that a decision about its documents needs, by name. */
export interface Related {
  readonly doctype: DocType
  readonly of: (name: string) => DocType | undefined
}

/** The DocTypes of the other site, asked for once a minute: a change of rights there counts here within that time. */
export class Definitions {
  readonly #client: UpstreamClient
  readonly #doctypes: Kept<DocType>
  readonly #parents: Kept<string[]>

  constructor(client: UpstreamClient, clock: () => number = Date.now) {
    this.#client = client
    this.#doctypes = new Kept(clock, (name) => this.#fetch(name))
    this.#parents = new Kept(clock, (child) => this.#fetchParents(child))
  }

  /** @throws {FrappeError} `DoesNotExistError` when the other site has none of that name, or hides it from the service user */
  read(name: string): Promise<DocType> {
    return this.#doctypes.get(name)
  }

  /** The DocTypes that have the child table among their fields. */
  async parentsOf(child: string): Promise<DocType[]> {
    return Promise.all((await this.#parents.get(child)).map((name) => this.read(name)))
  }

  /** The DocType with those of its table fields, and of those link fields that are named. */
  async withRelated(name: string, links: readonly string[] = []): Promise<Related> {
    const doctype = await this.read(name)
    const needed = doctype.fields.filter((field) => isTableField(field) || (field.fieldtype === 'Link' && links.includes(field.fieldname)))
    const related = await Promise.all([...new Set(needed.map((field) => field.options))].map((option) => this.read(option)))
    const byName = new Map([doctype, ...related].map((known) => [known.name, known]))
    return { doctype, of: (known) => byName.get(known) }
  }

  async #fetch(name: string): Promise<DocType> {
    try {
      const definition = await this.#client.read('DocType', name)
      const { doctype_id: id } = definition
      return parseDocType(definition, { origin: 'file', id: typeof id === 'string' ? id : name })
    } catch (error) {
      if (error instanceof FrappeError && [403, 404].includes(error.status))
        throw new FrappeError('DoesNotExistError', `DocType ${name.slice(0, 140)} not found`)
      throw error
    }
  }

  async #fetchParents(child: string): Promise<string[]> {
    const filters = [
      ['DocField', 'options', '=', child],
      ['DocField', 'fieldtype', 'in', ['Table', 'Table MultiSelect']],
    ]
    const rows = await this.#client.list('DocType', { filters, orderBy: 'name asc', limit: null })
    return [...new Set(rows.map((row) => String(row['name'])))]
  }
}

/** Answers of the other site by name, each for a minute. A failure is not kept: the next caller asks again. */
class Kept<T> {
  readonly #clock: () => number
  readonly #fetch: (name: string) => Promise<T>
  readonly #kept = new Map<string, { readonly value: Promise<T>; readonly until: number }>()

  constructor(clock: () => number, fetch: (name: string) => Promise<T>) {
    this.#clock = clock
    this.#fetch = fetch
  }

  get(name: string): Promise<T> {
    const kept = this.#kept.get(name)
    if (kept && kept.until > this.#clock()) return kept.value
    const value = this.#fetch(name)
    this.#kept.set(name, { value, until: this.#clock() + KEPT_MS })
    value.catch(() => this.#kept.delete(name))
    return value
  }
}
