import { sql, type RawBuilder, type SqlBool } from 'kysely'
import type { SearchIndex } from '../dialect.ts'
import { partName, quoted } from '../identifiers.ts'
import { checkedSearch } from '../values/patterns.ts'

/** An index of trigrams over the column. Without the extension for it the same condition reads every row. */
export const postgresSearchIndex: SearchIndex = {
  create: (table) => [
    sql.raw(`do $$ begin
      if exists (select from pg_extension where extname = 'pg_trgm') then
        create index ${quoted(partName(table, 'search'))} on ${quoted(table)} using gin (_search gin_trgm_ops);
      end if;
    end $$`),
  ],
  contains,
  // The planner chooses by its own statistics.
  chosen: async (_connection, table, foldedText, alias) => contains(table, foldedText, alias),
  drop: (table) => [sql.raw(`drop index if exists ${quoted(partName(table, 'search'))}`)],
}

function contains(table: string, foldedText: string, alias = table): RawBuilder<SqlBool> {
  const pattern = `%${checkedSearch(foldedText).replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
  return sql`${sql.ref(`${alias}._search`)} like ${pattern}`
}
