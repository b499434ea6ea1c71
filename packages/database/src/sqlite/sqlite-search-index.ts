import { sql, type RawBuilder, type SqlBool } from 'kysely'
import type { SearchIndex } from '../dialect.ts'
import { partName, quoted } from '../identifiers.ts'
import { checkedSearch } from '../values/patterns.ts'

// A page of a text that is in so many rows is found sooner by walking the rows in their order.
const COMMON = 500

/** A row without text is in neither: each transaction that writes to the index pays for a segment of it. */
const isSearched = (row: string): string => `coalesce(${row}_search, '') <> ''`

/**
 * An FTS5 trigram table that holds only the index, and beside it a table that numbers the names: SQLite renumbers the rows of
 * a table without a whole-number key whenever its file is compacted or copied, and the index would point at the wrong ones.
 */
export const sqliteSearchIndex: SearchIndex = {
  create(table) {
    const { main, rows, index } = partsOf(table)
    const id = (name: string): string => `(select id from ${rows} where name = ${name})`
    return [
      `create table ${rows} (id integer primary key, name text not null unique)`,
      `create virtual table ${index} using fts5(text, content='', contentless_delete=1, tokenize='trigram case_sensitive 1')`,
      `insert into ${rows} (name) select name from ${main} where ${isSearched('')}`,
      `insert into ${index} (rowid, text) select id, _search from ${rows} join ${main} using (name)`,
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
    ].map((text) => sql.raw(text))
  },

  contains,

  async chosen(connection, table, foldedText, alias = table) {
    const { index } = partsOf(table)
    const phrase = quoted(checkedSearch(foldedText))
    const { rows } = await sql`select 1 from ${sql.raw(index)} where text match ${phrase} limit ${COMMON}`.execute(connection)
    return rows.length < COMMON ? contains(table, foldedText, alias) : sql`instr(${sql.ref(`${alias}._search`)}, ${foldedText}) > 0`
  },

  drop(table) {
    const { rows, index } = partsOf(table)
    const triggers = ['inserted', 'updated', 'removed'].map((event) => `drop trigger if exists ${part(table, event)}`)
    return [...triggers, `drop table if exists ${index}`, `drop table if exists ${rows}`].map((text) => sql.raw(text))
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
