import { ScopeSet, type LinkMatch } from '@annex/protocol'
import { UpstreamUnavailable } from '../errors.ts'
import type { LinkStore, SeenLink } from '../stores/connector-store.ts'
import type { LinkSearchOptions, UpstreamClient } from './upstream-client.ts'

/** How far back a search looks while the site cannot be reached. */
const MAX_SEEN = 1000
const DEFAULT_LIMIT = 10

/** A suggestion of a link field. `value` is the docname, and the one thing to save. */
export interface LinkItem {
  readonly value: string
  readonly label: string
  readonly description: string
}

export interface LinkAnswer {
  readonly items: readonly LinkItem[]
  /** `seen`: the site cannot be reached, and these are names that this person saw before. */
  readonly source: 'upstream' | 'seen'
  /** When the newest of them was seen, in milliseconds since 1970. */
  readonly staleSince?: number
}

export interface LinksParts {
  readonly connection: string
  readonly client: UpstreamClient
  readonly store: LinkStore
  /** What the person has granted now. */
  readonly scopes: () => Promise<readonly string[]>
  readonly clock: () => number
}

/** Link fields of one person over the site's documents. Names that they saw are kept, for them alone. */
export class Links {
  readonly #parts: LinksParts

  constructor(parts: LinksParts) {
    this.#parts = parts
  }

  /**
   * What to suggest for the text typed, in the site's order; names seen before when the site cannot be reached.
   *
   * @throws {SignInRequired} when access has ended
   * @throws {ScopeMissing} when the right to see these names was not granted
   * @throws {FrappeError} what the site refuses
   */
  async search(doctype: string, options: LinkSearchOptions): Promise<LinkAnswer> {
    const filters = filterKey(options)
    try {
      const items = (await this.#parts.client.searchLink(doctype, { limit: DEFAULT_LIMIT, ...options })).map(toItem)
      await this.#keep(doctype, filters, items)
      return { items, source: 'upstream' }
    } catch (error) {
      if (error instanceof UpstreamUnavailable && (await this.#maySee(doctype))) return this.#searchSeen(doctype, filters, options)
      throw error
    }
  }

  /** Keeps the name of a document that the person has chosen or was shown elsewhere. */
  async remember(doctype: string, item: LinkItem): Promise<void> {
    await this.#keep(doctype, '', [item])
  }

  /** What this person last saw of the documents named; one that they never saw is absent. Asks nobody. */
  async resolve(doctype: string, values: readonly string[]): Promise<ReadonlyMap<string, LinkItem>> {
    const seen = await this.#parts.store.resolve(this.#parts.connection, doctype, values)
    return new Map(seen.map((link) => [link.value, fromSeen(link)]))
  }

  async #keep(doctype: string, filters: string, items: readonly LinkItem[]): Promise<void> {
    const seenAt = this.#parts.clock()
    await this.#parts.store.remember(
      this.#parts.connection,
      doctype,
      filters,
      items.map((item) => ({ ...item, seenAt })),
    )
  }

  /** What was seen under a right that was taken away since is not shown again. */
  async #maySee(doctype: string): Promise<boolean> {
    const scopes = new ScopeSet(await this.#parts.scopes())
    return scopes.names(doctype, 'select') || scopes.opensEvery('select')
  }

  async #searchSeen(doctype: string, filters: string, { text, limit = DEFAULT_LIMIT }: LinkSearchOptions): Promise<LinkAnswer> {
    const wanted = fold(text.trim())
    const seen = await this.#parts.store.list(this.#parts.connection, doctype, filters, MAX_SEEN)
    const found = seen.filter((link) => [link.value, link.label, link.description].some((part) => fold(part).includes(wanted)))
    const items = found.slice(0, limit).map(fromSeen)
    return { items, source: 'seen', ...(seen[0] === undefined ? {} : { staleSince: seen[0].seenAt }) }
  }
}

const fold = (text: string): string => text.normalize('NFKC').toLowerCase()
const filterKey = ({ filters, referenceDoctype }: LinkSearchOptions): string =>
  filters === undefined && referenceDoctype === undefined ? '' : JSON.stringify([filters ?? null, referenceDoctype ?? null])
const toItem = ({ value, description, label = value }: LinkMatch): LinkItem => ({ value, label, description })
const fromSeen = ({ value, label, description }: SeenLink): LinkItem => ({ value, label, description })
