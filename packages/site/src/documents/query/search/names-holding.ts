import { sql } from 'kysely'
import { KEY, placeInKey, selectRows, type AskedSearch, type Fragment, type Rows } from './asked-search.ts'
import { foremostRows, type Part } from './foremost-rows.ts'

/** Keys that are carried from one statement to the next. */
const MOST_KEYS = 500

/**
 * The rows whose name holds the text, those first that have it nearest the front: as many as are wanted, or all there are.
 * Undefined when that cannot be told without looking at each of them, or when hundreds of names hold it and yet so few rows that
 * they are sorted sooner.
 */
export async function rowsNamed(asked: AskedSearch, wanted: number, isSortedSooner: () => Promise<boolean>): Promise<Rows | undefined> {
  const { premises, table, text } = asked
  if (!(await premises.dialect.searchIndex.keyMayContain(premises.database.connection, table, text))) return []
  const keys = await listKeys(asked)
  const page = { start: 0, limit: wanted }
  if (keys.length <= MOST_KEYS) return selectRows(asked, { where: [premises.dialect.oneOf(KEY, keys)], first: [placeInKey(asked)], page })
  if (await isSortedSooner()) return undefined
  const places = await countPlaces(asked)
  const last = places.findIndex(({ upTo }) => upTo >= wanted)
  if (last < 0) return undefined
  return rowsUpTo(asked, places[last]!, last === 0 ? 0 : places[last - 1]!.place, wanted)
}

/** Of the places before the last one all rows, which are fewer than wanted; of the last one those that come first in the DocType's order. */
async function rowsUpTo(asked: AskedSearch, last: Place, before: number, wanted: number): Promise<Rows | undefined> {
  const page = { start: 0, limit: wanted }
  const front = before === 0 ? [] : await selectRows(asked, { where: [keyHasAt(asked, 1, before)], first: [placeInKey(asked)], page })
  const rest = await foremostRows(asked, namesAt(asked, last), { start: 0, limit: wanted - front.length })
  const rows = [...front, ...rest]
  return rows.length >= wanted ? rows : undefined
}

function namesAt(asked: AskedSearch, { place, count }: Place): Part {
  const found = keyHasAt(asked, place, place)
  return {
    found,
    looked: sql`${asked.premises.dialect.position(KEY, asked.text)} = ${place}`,
    few: async (most) => (count <= most ? found : undefined),
  }
}

const keyHasAt = ({ premises, table, text }: AskedSearch, from: number, to: number): Fragment =>
  premises.dialect.searchIndex.keyHasAt(table, text, from, to, 't')

/** At most one more than `MOST_KEYS`. */
async function listKeys({ premises, table, text }: AskedSearch): Promise<string[]> {
  const holds = premises.dialect.searchIndex.keyContains(table, text)
  const { rows } = await sql<{
    key: string
  }>`select _key as ${sql.id('key')} from ${sql.id(table)} where ${holds} limit ${MOST_KEYS + 1}`.execute(premises.database.connection)
  return rows.map(({ key }) => key)
}

interface Place {
  /** Where names have the text, in characters from 1. */
  readonly place: number
  readonly count: number
  /** Names that have it there or further to the front. */
  readonly upTo: number
}

async function countPlaces({ premises, table, text }: AskedSearch): Promise<Place[]> {
  const { dialect, database } = premises
  const holds = dialect.searchIndex.keyContains(table, text)
  const { rows } = await sql<{ place: number; count: number }>`
    select ${dialect.position(sql.ref('_key'), text)} as ${sql.id('place')}, count(*) as ${sql.id('count')}
    from ${sql.id(table)} where ${holds} group by 1 order by 1`.execute(database.connection)
  let upTo = 0
  return rows.map(({ place, count }) => ({ place, count, upTo: (upTo += count) }))
}
