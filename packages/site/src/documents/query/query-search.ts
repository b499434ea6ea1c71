import { foldText } from '@annex/database'
import { sql, type RawBuilder } from 'kysely'
import { tableName } from '../../doctypes/table-name.ts'
import type { Stored } from '../../doctypes/values/to-stored.ts'
import type { Premises } from '../premises.ts'
import type { Column } from './query-columns.ts'
import { pageOf } from './query.ts'
import type { Sources } from './query-sources.ts'

type Fragment = RawBuilder<unknown>

export interface Search {
  readonly text: string
  readonly columns: readonly Column[]
  /** What holds besides the text: permissions, filters, enabled documents. */
  readonly held: readonly Fragment[]
  readonly start: number
  readonly limit: number
}

/** A name begins with the text: fewer such rows are sorted, more are met soon in the order of the list. */
const FEW = 200
/** Greater than every character of a name. */
const LAST = '\u{10FFFF}'
const LONGEST = 1000

/**
 * The rows that a link field offers for a text: those first whose name has it nearest the front, then in the DocType's order.
 *
 * Names that begin with the text come before all others, so when they fill the page nothing else is looked at.
 */
export async function searchRows(premises: Premises, sources: Sources, search: Search): Promise<Record<string, Stored>[]> {
  const text = foldText(search.text)
  if (text.length > LONGEST || !text.isWellFormed()) return []
  const wanted = search.start + search.limit
  if (text === '') return select(premises, sources, search, search.held, [])
  const beginning = await countBeginning(premises, sources, search, text, Math.max(wanted, FEW + 1))
  if (beginning >= wanted)
    return select(premises, sources, search, [...search.held, beginning > FEW ? beginsAnywhere(text) : begins(text)], [])
  return select(premises, sources, search, [...search.held, contains(premises, sources, text)], [position(premises, text)])
}

async function select(
  premises: Premises,
  sources: Sources,
  search: Search,
  conditions: readonly Fragment[],
  first: readonly Fragment[],
): Promise<Record<string, Stored>[]> {
  const list = sql.join(search.columns.map(({ expression }, index) => sql`${expression} as ${sql.id(`c${index}`)}`))
  const where = conditions.length > 0 ? sql` where ${sql.join(conditions, sql` and `)}` : sql``
  const order = sql.join([...first, ...orderOf(premises, sources)])
  const { rows } = await sql<
    Record<string, Stored>
  >`select ${list} from ${sources.from}${where} order by ${order}${pageOf(search)}`.execute(premises.database.connection)
  return rows
}

async function countBeginning(premises: Premises, sources: Sources, search: Search, text: string, most: number): Promise<number> {
  const where = sql.join([...search.held, begins(text)], sql` and `)
  const { rows } = await sql<{
    count: number
  }>`select count(*) as ${sql.id('count')} from (select 1 from ${sources.from} where ${where} limit ${most}) as ${sql.id('found')}`.execute(
    premises.database.connection,
  )
  return rows[0]?.count ?? 0
}

const key = sql.ref('t._key')

// Unique index (_key).
const begins = (text: string): Fragment => sql`${key} >= ${text} and ${key} < ${text + LAST}`

// Written so that no index serves it: the rows are met in the order of index (modified, name).
const beginsAnywhere = (text: string): Fragment => sql`substr(${key}, 1, ${[...text].length}) = ${text}`

/** The search index serves texts of three characters or more. */
function contains(premises: Premises, sources: Sources, text: string): Fragment {
  if ([...text].length >= 3) return premises.dialect.searchIndex.contains(tableName(sources.main.doctype.name), text, 't')
  return sql`${premises.dialect.position(sql.ref('t._search'), text)} > 0`
}

/** Names without the text come last. */
const position = (premises: Premises, text: string): Fragment => sql`coalesce(nullif(${premises.dialect.position(key, text)}, 0), 1000000)`

/** The DocType's own order; `idx` of documents is always 0 here, so Frappe's popularity says nothing. */
function orderOf(premises: Premises, sources: Sources): Fragment[] {
  const { doctype } = sources.main
  const drafts = doctype.is_submittable ? [sql.ref('t.docstatus')] : []
  const sorted = sources.own(doctype.sort_field)?.expression ?? sql.ref('t.modified')
  return [...drafts, premises.dialect.order(sorted, doctype.sort_order === 'DESC'), premises.dialect.order(sql.ref('t.name'))]
}
