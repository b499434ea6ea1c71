import { randomBytes } from 'node:crypto'

/** Where a value of its own lies, and so who may see it. */
export interface Place {
  /** DocTypes whose documents must be open to the token; none of them = nobody may see it. */
  readonly doctypes: readonly string[]
  /** The company whose document holds it, or is spoken of. */
  readonly company?: 'A' | 'B'
  /** It is shown in links, so that the right to select is enough. */
  readonly inLinks?: boolean
  /** The trail names it: whoever may read that may know it. */
  readonly inTrail?: boolean
  /** Of the field. */
  readonly permlevel?: number
}

/** A random text that lies at one place of the site and nowhere else. */
export interface Canary extends Place {
  readonly text: string
  /** For whoever reads that it was seen. */
  readonly what: string
}

/** All that were hidden, to be looked for in whatever the site says. */
export class Canaries {
  readonly all: Canary[] = []
  readonly #found = new Set<Canary>()

  /** A new one, to be written at the place. */
  hide(what: string, place: Place): string {
    const text = `cnry${randomBytes(10).toString('hex')}`
    this.all.push({ ...place, what, text })
    return text
  }

  /** Those that a text holds, also where it escapes or encodes what it tells. */
  in(text: string): Canary[] {
    if (!/cnry/i.test(text)) return []
    const folded = text.toLowerCase()
    const seen = this.all.filter((canary) => folded.includes(canary.text))
    for (const canary of seen) this.#found.add(canary)
    return seen
  }

  /** Those that may be seen by somebody and never were: a search that misses what it may find proves little. */
  unseen(): Canary[] {
    return this.all.filter((canary) => canary.doctypes.length > 0 && !this.#found.has(canary))
  }
}
