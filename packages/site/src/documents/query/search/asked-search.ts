import { sql, type RawBuilder } from 'kysely'
import { tableName } from '../../../doctypes/table-name.ts'
import type { Stored } from '../../../doctypes/values/to-stored.ts'
import { tableOf } from '../../document-store.ts'
import type { Premises } from '../../premises.ts'
import type { Column } from '../query-columns.ts'
import { pageOf } from '../query.ts'
import type { Sources } from '../query-sources.ts'

export type Fragment = RawBuilder<unknown>
export type Rows = Record<string, Stored>[]

export interface Page {
  readonly start: number
  readonly limit: number
}

export interface Search extends Page {
  readonly text: string
  readonly columns: readonly Column[]
  /** What holds besides the text: permissions, filters, enabled documents. */
  readonly held: readonly Fragment[]
}

/** One search, with all that its statements are made of. */
export interface AskedSearch {
  readonly premises: Premises
  readonly sources: Sources
  readonly search: Search
  /** As `_key` and `_search` hold it. */
  readonly text: string
  readonly table: string
}

export const askedSearch = (premises: Premises, sources: Sources, search: Search, text: string): AskedSearch => ({
  premises,
  sources,
  search,
  text,
  table: tableName(sources.main.doctype.name),
})

export const KEY = sql.ref('t._key')

/** Names without the text come last. */
const NOWHERE = 1_000_000

export const placeInKey = ({ premises, text }: AskedSearch): Fragment =>
  sql`coalesce(nullif(${premises.dialect.position(KEY, text)}, 0), ${sql.lit(NOWHERE)})`

interface Selection {
  /** What holds besides the search's own conditions. */
  readonly where: readonly Fragment[]
  /** What rows are ordered by before the DocType's own order. */
  readonly first?: readonly Fragment[]
  /** Of only so many rows that come first in the DocType's own order. */
  readonly among?: number
  readonly page: Page
}

/** A page of the rows that meet the conditions, in order. */
export async function selectRows(asked: AskedSearch, { where, first = [], among, page }: Selection): Promise<Rows> {
  const { premises, sources, search } = asked
  const list = sql.join(search.columns.map(({ expression }, index) => sql`${expression} as ${sql.id(`c${index}`)}`))
  const conditions = [...search.held, ...where]
  const held = conditions.length > 0 ? sql` where ${sql.join(conditions, sql` and `)}` : sql``
  const from = among === undefined ? sources.from : foremost(asked, among)
  const statement = sql<
    Record<string, Stored>
  >`select ${list} from ${from}${held} order by ${sql.join([...first, ...ownOrder(asked)])}${pageOf(page)}`
  return (await statement.execute(premises.database.connection)).rows
}

// Index (modified, name); the limit keeps the engine from taking another one for what else is asked of the rows.
const foremost = (asked: AskedSearch, count: number): Fragment =>
  sql`(select * from ${tableOf(asked.sources.main.doctype)} as ${sql.id('t')} order by ${sql.join(ownOrder(asked))} limit ${count}) as ${sql.id('t')}`

/** The DocType's own order; `idx` of documents is always 0 here, so Frappe's popularity says nothing. */
function ownOrder({ premises, sources }: AskedSearch): Fragment[] {
  const { doctype } = sources.main
  const drafts = doctype.is_submittable ? [sql.ref('t.docstatus')] : []
  const sorted = sources.own(doctype.sort_field)?.expression ?? sql.ref('t.modified')
  return [...drafts, premises.dialect.order(sorted, doctype.sort_order === 'DESC'), premises.dialect.order(sql.ref('t.name'))]
}

/** Whether an index has the rows in the DocType's own order, and no join repeats them. */
export function isIndexed({ sources }: AskedSearch): boolean {
  const { doctype } = sources.main
  const byTime = doctype.sort_field === 'modified' || sources.own(doctype.sort_field) === undefined
  return byTime && !doctype.is_submittable && !sources.joined
}
