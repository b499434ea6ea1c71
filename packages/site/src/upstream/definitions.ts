import type { UpstreamClient } from '@annex/connector'
import { FrappeError, isTableField, type DocType } from '@annex/protocol'
import { parseDocType } from '../doctypes/parse-doctype.ts'

const KEPT_MS = 60_000

interface Kept {
  readonly doctype: Promise<DocType>
  readonly until: number
}

/** The DocTypes of the other site, asked for once a minute: a change of rights there counts here within that time. */
export class Definitions {
  readonly #client: UpstreamClient
  readonly #clock: () => number
  readonly #kept = new Map<string, Kept>()

  constructor(client: UpstreamClient, clock: () => number = Date.now) {
    this.#client = client
    this.#clock = clock
  }

  /** @throws {FrappeError} `DoesNotExistError` when the other site has none of that name, or hides it from the service user */
  read(name: string): Promise<DocType> {
    const kept = this.#kept.get(name)
    if (kept && kept.until > this.#clock()) return kept.doctype
    const doctype = this.#fetch(name)
    this.#kept.set(name, { doctype, until: this.#clock() + KEPT_MS })
    // A failure is not kept: the next caller asks again.
    doctype.catch(() => this.#kept.delete(name))
    return doctype
  }

  /** The DocType with those of its table fields, by name: what a decision about its documents needs. */
  async withChildren(name: string): Promise<{ doctype: DocType; childOf: (child: string) => DocType | undefined }> {
    const doctype = await this.read(name)
    const children = await Promise.all(doctype.fields.filter(isTableField).map((field) => this.read(field.options)))
    const byName = new Map(children.map((child) => [child.name, child]))
    return { doctype, childOf: (child) => byName.get(child) }
  }

  async #fetch(name: string): Promise<DocType> {
    try {
      const definition = await this.#client.read('DocType', name)
      const { doctype_id: id } = definition
      return parseDocType(definition, { origin: 'file', id: typeof id === 'string' ? id : name })
    } catch (error) {
      if (error instanceof FrappeError && [403, 404].includes(error.status)) throw new FrappeError('DoesNotExistError', `DocType ${name.slice(0, 140)} not found`)
      throw error
    }
  }
}
