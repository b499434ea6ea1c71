import { RecentlyUsed } from '../connections/recently-used.ts'

/**
 * Names for statements that come more than once, so that PostgreSQL parses them once a connection.
 * A text gets its name at its second coming: one that never comes back costs the server nothing.
 */
export class NamedStatements {
  #names = new RecentlyUsed<string, string>(500)
  #count = 0

  nameOf(text: string): string | undefined {
    const known = this.#names.get(text)
    if (known) return known
    const name = known === undefined ? '' : `annex_${(this.#count += 1)}`
    this.#names.set(text, name)
    return name || undefined
  }

  /** After a table has changed, statements under their old names fail; under new ones they are parsed anew. */
  forget(): void {
    this.#names = new RecentlyUsed(500)
  }
}
