import { isIndexed, selectRows, type AskedSearch, type Fragment, type Page, type Rows } from './asked-search.ts'

/** Some rows of a table, said in the ways that plans need. */
export interface Part {
  /** The rows, by whatever index finds them. */
  readonly found: Fragment
  /** The same condition, judged by looking at each row. */
  readonly looked: Fragment
  /** The rows by an index, when they are no more than so many. */
  few(most: number): Promise<Fragment | undefined>
}

/**
 * How many rows are looked at in their order, one such attempt after the other, before those that the index finds are sorted.
 *
 * Where many rows hold a text, the page is full soon; and where few do, sorting them is quick. In between, and where all that hold it
 * come late in the order, each attempt costs a few times what the one before did, and so all of them not much more than the best of both.
 */
const LOOKED_AT = [1000, 4000, 16_000] as const
const NEXT = 4

/** Fewer rows than this are sorted at once. */
export const FEW = LOOKED_AT[0]

/** A page of more than a few rows, in the DocType's own order. */
export async function foremostRows(asked: AskedSearch, part: Part, page: Page): Promise<Rows> {
  if (!isIndexed(asked)) return selectRows(asked, { where: [part.found], page })
  for (const among of LOOKED_AT) {
    const rows = await selectRows(asked, { where: [part.looked], among, page })
    if (rows.length >= page.limit) return rows
    const few = await part.few(among * NEXT)
    if (few !== undefined) return selectRows(asked, { where: [few], page })
  }
  return selectRows(asked, { where: [part.found], page })
}
