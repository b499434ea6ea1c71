import type { DocnameStore, KeptDocname } from '../../stores/connector-store.ts'
import { sameDocname } from './shown-fields.ts'

/** Milliseconds in which a name that is shown again is not written again: of its time of sight no more than that is lost. */
const PRECISION = 60_000
/** Characters that are remembered for all stores of the process; then all are forgotten, which costs one more writing each. */
const MOST = 4_000_000

/** Whose search it was, of what. */
interface SearchOf {
  readonly owner: string
  readonly doctype: string
  readonly source: string
}

/**
 * When this process last wrote a name for a search: who types shows the same rows key by key, and writing them is a transaction each time.
 *
 * Only that the search is written down with the name is taken from here. What is kept of the name is read anew each time, for other
 * processes change it.
 */
class RecentSights {
  readonly #writtenAt = new Map<string, number>()

  /** Whether the name may be kept already. */
  knows(search: SearchOf, { name, seenAt }: KeptDocname): boolean {
    const writtenAt = this.#writtenAt.get(keyOf(search, name))
    return writtenAt !== undefined && seenAt - writtenAt < PRECISION
  }

  /**
   * Whether nothing but the time of sight is new.
   *
   * @param refusedAt when the site last refused the person the DocType: what was seen before must be written again to be shown
   */
  isKept(search: SearchOf, row: KeptDocname, kept: KeptDocname | undefined, refusedAt: number): boolean {
    if (kept === undefined || !this.knows(search, row) || !sameDocname(row, kept)) return false
    return Math.min(kept.seenAt, this.#writtenAt.get(keyOf(search, row.name))!) > refusedAt && row.seenAt - kept.seenAt < PRECISION
  }

  note(search: SearchOf, rows: readonly KeptDocname[]): void {
    for (const { name, seenAt } of rows) {
      const key = keyOf(search, name)
      if (!this.#writtenAt.has(key)) remembered += key.length
      this.#writtenAt.set(key, seenAt)
    }
  }
}

let ofStores = new WeakMap<DocnameStore, RecentSights>()
/** Each tenant has a store of its own, and a search holds what somebody typed: neither by itself may fill the memory. */
let remembered = 0

/** What this process remembers of one store. */
export function recentSights(store: DocnameStore): RecentSights {
  if (remembered > MOST) [ofStores, remembered] = [new WeakMap(), 0]
  const known = ofStores.get(store) ?? new RecentSights()
  ofStores.set(store, known)
  return known
}

const keyOf = ({ owner, doctype, source }: SearchOf, name: string): string => JSON.stringify([owner, doctype, source, name])
