import { RecentlyUsed } from '@annex/database'

/** Tokens; at most twice as many. */
const KEPT = 1000

/**
 * What was made of the rows of tokens. A row is read at every call, and what was made of one like it counts only while each of its
 * columns is the same, the generation among them: so it is never older than the row itself.
 */
export class KeptByRow<Row extends object, Known> {
  readonly #kept = new RecentlyUsed<string, { readonly row: Row; readonly known: Known }>(KEPT)

  get(hash: string, row: Row): Known | undefined {
    const kept = this.#kept.get(hash)
    return kept && areSame(kept.row, row) ? kept.known : undefined
  }

  set(hash: string, row: Row, known: Known): void {
    this.#kept.set(hash, { row, known })
  }
}

function areSame<Row extends object>(one: Row, other: Row): boolean {
  for (const column in other) if (one[column] !== other[column]) return false
  return true
}
