import { parseFilters } from '@annex/protocol'
import type { ShownFields } from '../docnames/shown-fields.ts'
import { SignInRequired, UpstreamUnavailable } from '../errors.ts'
import type { Filters } from '../upstream/types.ts'
import type { UpstreamClient } from '../upstream/upstream-client.ts'
import { wrong, type LinkFieldOptions, type LinkSource } from './link-options.ts'
import { Metas } from './meta-links.ts'

/** Finds out what a key stands for: from the configuration and, where that leaves it open, from the site's DocTypes. */
export class Definitions {
  readonly #fields: ReadonlyMap<string, LinkFieldOptions>
  readonly #metas: Metas

  /** @throws {Error} one sentence that names the key whose filters cannot be read */
  constructor(fields: ReadonlyMap<string, LinkFieldOptions>, clock: () => number) {
    for (const [key, { filters }] of fields) if (typeof filters !== 'function') checkFilters(key, filters)
    this.#fields = fields
    this.#metas = new Metas(clock)
  }

  async read(key: string, client: UpstreamClient): Promise<LinkSource | undefined> {
    const [head = '', ...path] = key.split('.')
    const own = this.#fields.get(key)
    const every = path.length > 0 && path[0] !== '*' ? this.#fields.get(`${head}.*`) : undefined
    if ((own === undefined && every === undefined) || path[0] === '*') return undefined
    if (path.length === 0 || own?.doctype !== undefined) return this.#source(key, own?.doctype ?? head, {}, own)
    const link = (await this.#metas.read(head, client)).links.get(key)
    if (link !== undefined) return this.#source(key, link.target, { referenceDoctype: link.holder, ...every }, own)
    if (own === undefined) return undefined
    throw wrong(key, 'needs a doctype, for the site has no such link field')
  }

  /** What to show of a DocType's documents: as configured, else as the site's own search does; undefined when it does not say. */
  async shown(doctype: string, client: UpstreamClient): Promise<ShownFields | undefined> {
    const { label, searchFields, fetch = [] } = this.#ofDoctype(doctype) ?? {}
    if (searchFields !== undefined) return { ...(label === undefined ? {} : { label }), description: searchFields, fetch }
    try {
      const { shown } = await this.#metas.read(doctype, client)
      return { ...shown, ...(label === undefined ? {} : { label }), fetch }
    } catch (error) {
      if (error instanceof UpstreamUnavailable || error instanceof SignInRequired) throw error
      return undefined
    }
  }

  #source(key: string, doctype: string, base: LinkFieldOptions, own: LinkFieldOptions | undefined): LinkSource {
    return { key, doctype, options: { ...this.#fields.get(doctype), ...base, ...own } }
  }

  #ofDoctype(doctype: string): LinkFieldOptions | undefined {
    return this.#fields.get(doctype) ?? [...this.#fields.values()].find((field) => field.doctype === doctype)
  }
}

function checkFilters(key: string, filters: Filters | undefined): void {
  try {
    parseFilters(filters)
  } catch (error) {
    throw wrong(key, `has filters that cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}
