import type { DocType, Filter } from '@annex/protocol'
import type { RawBuilder } from 'kysely'

/** What row filters make of a statement: their SQL, which all of their like share, and the values by which alone these differ. */
export interface Steady {
  /** Of the table `d`; empty where nothing is held back. */
  readonly shape: string
  /** What it binds, in its order. */
  readonly values: readonly unknown[]
}

/** What a row must meet besides its name. */
export interface Within {
  readonly conditions: () => readonly RawBuilder<unknown>[]
  /** Absent where the conditions follow from more than the filters and the DocType: no statement is kept for these. */
  readonly steady: Steady | undefined
}

/**
 * Row filters as SQL, made once for the filters of a token on a DocType. Both are replaced, never altered, when they change, and
 * what is kept stands under these very objects, so it cannot outlive a filter.
 */
export class KeptLimits {
  readonly #kept = new WeakMap<readonly Filter[], WeakMap<DocType, Steady>>()

  of(filters: readonly Filter[], doctype: DocType, make: () => Steady): Steady {
    let ofFilters = this.#kept.get(filters)
    if (!ofFilters) this.#kept.set(filters, (ofFilters = new WeakMap()))
    let steady = ofFilters.get(doctype)
    if (!steady) ofFilters.set(doctype, (steady = make()))
    return steady
  }
}
