import type { LinkItem } from '../docnames/shown-fields.ts'
import type { LinkAnswer, LinkSearch, LinksParts } from './link-answer.ts'

/** Link fields of one person over the site's documents. Names that they saw are kept, for them alone. */
export class Links {
  readonly #parts: LinksParts

  constructor(parts: LinksParts) {
    this.#parts = parts
  }

  /**
   * What to suggest for the text typed, the likeliest first; names that the person saw before when the site cannot be reached.
   *
   * @param key one of the configuration, or the name of a DocType
   * @throws {SignInRequired} when access has ended
   * @throws {ScopeMissing} when the right to see these names was not granted
   * @throws {UpstreamUnavailable} when nothing was kept that may be shown
   * @throws {FrappeError} what the site refuses
   */
  async search(key: string, search: LinkSearch): Promise<LinkAnswer> {
    return (await import('./search/searching.ts')).searchLinks(this.#parts, key, search)
  }

  /** Keeps the name of a document that the person has chosen or was shown elsewhere: for them alone, and until the site says otherwise. */
  async remember(doctype: string, item: LinkItem): Promise<void> {
    await (await import('./search/searching.ts')).remember(this.#parts, doctype, item)
  }

  /** What this person last saw of the documents named; one that they never saw, or may not see now, is absent. Asks nobody. */
  async resolve(doctype: string, names: readonly string[]): Promise<ReadonlyMap<string, LinkItem>> {
    const kept = await this.#parts.docnames.resolve(doctype, names)
    const { toItem } = await import('../docnames/shown-fields.ts')
    return new Map([...kept.values()].filter(({ state }) => state !== 'hidden').map((row) => [row.name, toItem(row)]))
  }
}
