import { sql, type RawBuilder, type SqlBool } from 'kysely'
import type { SearchIndex } from '../dialect.ts'
import { partName, quoted } from '../identifiers.ts'
import { checkedSearch, isIndexed, LAST_CHARACTER } from '../values/patterns.ts'
import { createGrams, dropGrams, gramsOf, GRAMS } from './sqlite-grams.ts'

/** A row without text is in neither: each transaction that writes to the index pays for a segment of it. */
const isSearched = (row: string): string => `coalesce(${row}_search, '') <> ''`

/**
 * An FTS5 trigram table that holds only the index, and beside it a table that numbers the names: SQLite renumbers the rows of
 * a table without a whole-number key whenever its file is compacted or copied, and the index would point at the wrong ones.
 * A third one holds what `_key` is made of (`sqlite-grams.ts`).
 */
export const sqliteSearchIndex: SearchIndex = {
  create(table) {
    const { main, rows, index } = partsOf(table)
    const id = (name: string): string => `(select id from ${rows} where name = ${name})`
    const statements = [
      `create table ${rows} (id integer primary key, name text not null unique)`,
      `create virtual table ${index} using fts5(text, content='', contentless_delete=1, tokenize='trigram case_sensitive 1')`,
      `insert into ${rows} (name) select name from ${main} where ${isSearched('')}`,
      `insert into ${index} (rowid, text) select rows.id, main._search from ${rows} as rows join ${main} as main using (name)`,
      `create trigger ${part(table, 'inserted')} after insert on ${main} when ${isSearched('new.')} begin
        insert into ${rows} (name) values (new.name);
        insert into ${index} (rowid, text) values (${id('new.name')}, new._search);
      end`,
      `create trigger ${part(table, 'updated')} after update of name, _search on ${main} when old.name is not new.name or old._search is not new._search begin
        delete from ${index} where rowid = ${id('old.name')};
        delete from ${rows} where name = old.name;
        insert into ${rows} (name) select new.name where ${isSearched('new.')};
        insert into ${index} (rowid, text) select ${id('new.name')}, new._search where ${isSearched('new.')};
      end`,
      `create trigger ${part(table, 'removed')} after delete on ${main} begin
        delete from ${index} where rowid = ${id('old.name')};
        delete from ${rows} where name = old.name;
      end`,
    ]
    return [...statements.map((text) => sql.raw(text)), ...createGrams(table)]
  },

  async follow(connection, table) {
    const { rows } = await sql`select 1 from sqlite_schema where type = 'table' and name = ${partName(table, GRAMS)}`.execute(connection)
    return rows.length > 0 ? [] : createGrams(table)
  },

  contains,

  async found(connection, table, foldedText, most) {
    const { rows, index } = partsOf(table)
    const phrase = quoted(checkedSearch(foldedText))
    // The index is asked once, and names are looked up only when they are few enough.
    const found = await sql<{ names: string | null }>`
      select (
        with found (id) as materialized (select rowid from ${sql.raw(index)} where text match ${phrase} limit ${most + 1})
        select case when (select count(*) from found) <= ${most} then
          (select json_group_array(name) from ${sql.raw(rows)} where id in (select id from found)) end
      ) as names`.execute(connection)
    const names = found.rows[0]?.names ?? null
    return names === null ? undefined : (JSON.parse(names) as string[])
  },

  // Unique index (_key), which holds all that is read.
  keyContains: (table, foldedText, alias = table) => sql`instr(${sql.ref(`${alias}._key`)}, ${foldedText}) > 0`,

  // The same index twice: for the keys, and for the rows that have them.
  keyHasAt: (table, foldedText, from, to, alias = table) =>
    sql`${sql.ref(`${alias}._key`)} in (select _key from ${sql.id(table)} where instr(_key, ${foldedText}) between ${from} and ${to})`,

  async countKeysRead(connection, table) {
    // Primary key (id). A row that changes its text takes the next number.
    const { rows } = await sql<{ last: number | null }>`select max(id) as last from ${sql.raw(part(table, 'rows'))}`.execute(connection)
    return rows[0]?.last ?? 0
  },

  async keyMayContain(connection, table, foldedText) {
    const grams = sql.raw(part(table, GRAMS))
    // Primary key (gram): all of the text's own, or one that begins with a text shorter than a gram.
    const missing = isIndexed(foldedText)
      ? sql`exists (select 1 from json_each(${JSON.stringify(gramsOf(foldedText))}) where value not in (select gram from ${grams}))`
      : sql`not exists (select 1 from ${grams} where gram >= ${foldedText} and gram < ${foldedText + LAST_CHARACTER})`
    const { rows } = await sql<{ missing: number }>`select ${missing} as missing`.execute(connection)
    return rows[0]?.missing !== 1
  },

  drop(table) {
    const { rows, index } = partsOf(table)
    const triggers = ['inserted', 'updated', 'removed'].map((event) => `drop trigger if exists ${part(table, event)}`)
    const statements = [...triggers, `drop table if exists ${index}`, `drop table if exists ${rows}`]
    return [...statements.map((text) => sql.raw(text)), ...dropGrams(table)]
  },
}

function contains(table: string, foldedText: string, alias = table): RawBuilder<SqlBool> {
  const { rows, index } = partsOf(table)
  const phrase = quoted(checkedSearch(foldedText))
  return sql`${sql.ref(`${alias}.name`)} in (select name from ${sql.raw(rows)} where id in (select rowid from ${sql.raw(index)} where text match ${phrase}))`
}

function partsOf(table: string): { main: string; rows: string; index: string } {
  return { main: quoted(table), rows: part(table, 'rows'), index: part(table, 'search') }
}

function part(table: string, name: string): string {
  return quoted(partName(table, name))
}
