import { foldText } from '@annex/database'
import { sql } from 'kysely'
import type { Premises } from '../../premises.ts'
import type { Sources } from '../query-sources.ts'
import {
  askedSearch,
  isIndexed,
  KEY,
  placeInKey,
  selectRows,
  type AskedSearch,
  type Fragment,
  type Rows,
  type Search,
} from './asked-search.ts'
import { FEW, foremostRows, type Part } from './foremost-rows.ts'
import { rowsNamed } from './names-holding.ts'

/** A name begins with the text: so few such rows are sorted at once. */
const FEW_BEGINNING = 200
/** Greater than every character of a name. */
const LAST = '\u{10FFFF}'
const LONGEST = 1000

/**
 * The rows that a link field offers for a text: those first whose name has it nearest the front, then in the DocType's order.
 *
 * Names that begin with the text come before all others, so when they fill the page nothing else is looked at. When few rows hold the text at
 * all they are sorted. Else those whose name holds it come by themselves, and the others after them: that order is the index's own.
 */
export async function searchRows(premises: Premises, sources: Sources, search: Search): Promise<Rows> {
  const text = foldText(search.text)
  if (text.length > LONGEST || !text.isWellFormed()) return []
  const asked = askedSearch(premises, sources, search, text)
  if (text === '') return selectRows(asked, { where: [], page: search })
  const wanted = search.start + search.limit
  const beginning = await countBeginning(asked, Math.max(wanted, FEW_BEGINNING + 1))
  if (beginning >= wanted)
    return beginning > FEW_BEGINNING
      ? foremostRows(asked, beginningRows(asked), search)
      : selectRows(asked, { where: [begins(text)], page: search })
  const names = await listFound(asked, FEW)
  if (names !== undefined) return ranked(asked, premises.dialect.oneOf(NAME, names))
  return (isIndexed(asked) ? await namedThenOthers(asked, wanted) : undefined) ?? ranked(asked, contains(asked))
}

/** The most rows that are sorted, or whose texts are looked at, in place of reading every name. */
const SOME = FEW * 4
/** Names that are read in the time that sorting one row takes, two or three times each. */
const NAMES_A_ROW = 20

/** Whether so few rows hold the text, of which hundreds in their names, that sorting them is quicker than reading every name. */
async function isSortedSooner(asked: AskedSearch): Promise<boolean> {
  const { premises, table, text } = asked
  if (!isServed(text)) return false
  const names = await premises.dialect.searchIndex.countKeysRead(premises.database.connection, table)
  const most = Math.min(SOME, Math.floor(names / NAMES_A_ROW))
  return most > FEW && (await listFound(asked, most)) !== undefined
}

const NAME = sql.ref('t.name')

const ranked = (asked: AskedSearch, holds: Fragment): Promise<Rows> =>
  selectRows(asked, { where: [holds], first: [placeInKey(asked)], page: asked.search })

async function namedThenOthers(asked: AskedSearch, wanted: number): Promise<Rows | undefined> {
  const { start } = asked.search
  const named = await rowsNamed(asked, wanted, () => isSortedSooner(asked))
  if (named === undefined || named.length >= wanted) return named?.slice(start)
  const others = await foremostRows(asked, otherRows(asked), {
    start: Math.max(0, start - named.length),
    limit: wanted - Math.max(start, named.length),
  })
  return [...named.slice(start), ...others]
}

/** Rows that hold the text elsewhere than in their name. */
function otherRows(asked: AskedSearch): Part {
  const { premises, text } = asked
  const elsewhere = (holds: Fragment): Fragment => sql`${holds} and ${premises.dialect.position(KEY, text)} = 0`
  const looked = elsewhere(isLookedThrough(asked))
  return {
    looked,
    found: elsewhere(contains(asked)),
    few: async (most) => {
      // Texts of one character or two are in many rows; where they are not, no index tells, and every row is looked at.
      if (!isServed(text)) return most > SOME ? looked : undefined
      const names = await listFound(asked, most)
      return names && elsewhere(premises.dialect.oneOf(NAME, names))
    },
  }
}

const isServed = (text: string): boolean => [...text].length >= 3

const isLookedThrough = ({ premises, text }: AskedSearch): Fragment => sql`${premises.dialect.position(sql.ref('t._search'), text)} > 0`

/** The search index serves texts of three characters or more. */
const contains = (asked: AskedSearch): Fragment =>
  isServed(asked.text) ? asked.premises.dialect.searchIndex.contains(asked.table, asked.text, 't') : isLookedThrough(asked)

const listFound = async ({ premises, table, text }: AskedSearch, most: number): Promise<readonly string[] | undefined> =>
  isServed(text) ? premises.dialect.searchIndex.found(premises.database.connection, table, text, most) : undefined

// Unique index (_key).
const begins = (text: string): Fragment => sql`${KEY} >= ${text} and ${KEY} < ${text + LAST}`

function beginningRows({ premises, sources, text }: AskedSearch): Part {
  return {
    found: begins(text),
    looked: sql`substr(${KEY}, 1, ${[...text].length}) = ${text}`,
    few: async (most) => ((await countRows(premises, sources, [begins(text)], most + 1)) <= most ? begins(text) : undefined),
  }
}

const countBeginning = ({ premises, sources, search, text }: AskedSearch, most: number): Promise<number> =>
  countRows(premises, sources, [...search.held, begins(text)], most)

async function countRows(premises: Premises, sources: Sources, where: readonly Fragment[], most: number): Promise<number> {
  const { rows } = await sql<{
    count: number
  }>`select count(*) as ${sql.id('count')} from (select 1 from ${sources.from} where ${sql.join(where, sql` and `)} limit ${most}) as ${sql.id('found')}`.execute(
    premises.database.connection,
  )
  return rows[0]?.count ?? 0
}
