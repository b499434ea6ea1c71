import { sql, type RawBuilder, type SqlBool } from 'kysely'
import type { SearchIndex } from '../dialect.ts'
import { partName, quoted } from '../identifiers.ts'
import { checkedSearch, isIndexed } from '../values/patterns.ts'

/** No index of trigrams is to serve `_key = …`, which the unique one does a thousand times faster: the empty text hides the column from it. */
const keyOf = (alias: string): string => `(${alias}_key || '')`

/** The indexes of a table, by what they are called: what they index. */
const PARTS: Readonly<Record<string, string>> = { search: '_search', 'key-search': keyOf('') }

/** Indexes of trigrams over the columns. Without the extension for them the same conditions read every row. */
export const postgresSearchIndex: SearchIndex = {
  create: (table) => [
    sql.raw(`do $$ begin
      if exists (select from pg_extension where extname = 'pg_trgm') then
        ${Object.entries(PARTS)
          .map(
            ([part, column]) =>
              `create index if not exists ${quoted(partName(table, part))} on ${quoted(table)} using gin (${column} gin_trgm_ops);`,
          )
          .join('\n        ')}
      end if;
    end $$`),
  ],
  async follow(connection, table) {
    const lacking = Object.keys(PARTS).map((part) => sql`to_regclass(${quoted(partName(table, part))}) is null`)
    const { rows } = await sql`select 1 from pg_extension where extname = 'pg_trgm' and (${sql.join(lacking, sql` or `)})`.execute(
      connection,
    )
    return rows.length > 0 ? postgresSearchIndex.create(table) : []
  },
  contains,

  async found(connection, table, foldedText, most) {
    // Index ~search.
    const { rows } = await sql<{
      name: string
    }>`select name from ${sql.id(table)} where ${contains(table, foldedText)} limit ${most + 1}`.execute(connection)
    return rows.length > most ? undefined : rows.map((row) => row.name)
  },

  keyContains,
  keyHasAt: (table, foldedText, from, to, alias = table) =>
    sql`${keyContains(table, foldedText, alias)} and strpos(${sql.ref(`${alias}._key`)}, ${foldedText}) between ${from} and ${to}`,

  countKeysRead: async () => 0,

  // The index of trigrams tells it as fast as it tells the rows.
  keyMayContain: async () => true,
  drop: (table) => Object.keys(PARTS).map((part) => sql.raw(`drop index if exists ${quoted(partName(table, part))}`)),
}

/** Whether an index of the table is one of those for search. */
export const isSearchIndex = (table: string, index: string): boolean => Object.keys(PARTS).some((part) => partName(table, part) === index)

function contains(table: string, foldedText: string, alias = table): RawBuilder<SqlBool> {
  return sql`${sql.ref(`${alias}._search`)} like ${patternOf(checkedSearch(foldedText))}`
}

// Index ~key-search; without one, as for a text of one character or two, every key is looked at.
function keyContains(table: string, foldedText: string, alias = table): RawBuilder<SqlBool> {
  if (isIndexed(foldedText)) return sql`${sql.raw(keyOf(`${quoted(alias)}.`))} like ${patternOf(foldedText)}`
  return sql`strpos(${sql.ref(`${alias}._key`)}, ${foldedText}) > 0`
}

const patternOf = (text: string): string => `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
