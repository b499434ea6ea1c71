import { RecentlyUsed } from '@annex/database'
import type { DocType } from '@annex/protocol'

/** How many rows a probe reads, and a walk at most. */
export const PROBED = 1000
/** Rows that change meanwhile make a walk longer, and never wrong. */
const MOST_AGE = 10_000
const MOST_KEPT = 500
/** Of the text that tells lists apart: lists of many values are not worth their place. */
const LONGEST_KEY = 4000

/** Of the rows that come first in a list's order: how many were looked at, and how many of these meet its filters. */
export interface Share {
  readonly rows: number
  readonly hits: number
}

interface Known {
  readonly doctype: DocType
  readonly share: Share
  readonly until: number
}

const UNSEEN: Share = { rows: 0, hits: 0 }

/**
 * What share of the latest documents meets the filters of a list. It is learned by a bounded probe when a list that filled its page is
 * asked for once more, and again when that is a while ago; a DocType that changes is another one, of which nothing is known.
 */
export class Shares {
  readonly #known = new RecentlyUsed<string, Known>(MOST_KEPT)
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Whether a walk reads no more rows than are known to meet the filters, which is what an index would find at least. */
  async favoursWalk(doctype: DocType, key: string, wanted: number, probe: () => Promise<Share>): Promise<boolean> {
    let known = this.#of(doctype, key)
    if (!known) return false
    const now = this.#now()
    if (known.until <= now) this.#known.set(key, (known = { doctype, share: await probe(), until: now + MOST_AGE }))
    const { rows, hits } = known.share
    return hits > 0 && (wanted * rows) / hits <= hits
  }

  /** A list found as many documents by an index as it wanted, so there may be very many. */
  noteFull(doctype: DocType, key: string): void {
    if (key.length <= LONGEST_KEY && !this.#of(doctype, key)) this.#known.set(key, { doctype, share: UNSEEN, until: -Infinity })
  }

  #of(doctype: DocType, key: string): Known | undefined {
    const known = this.#known.get(key)
    return known?.doctype === doctype ? known : undefined
  }
}
