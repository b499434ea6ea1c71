import { sql, type RawBuilder } from 'kysely'
import { partName, quoted } from '../identifiers.ts'

/** What the table that holds them is called, after the table they are of. */
export const GRAMS = 'grams'
const PLACES = 'places'
/** More than any key has characters. */
const FURTHEST = 100_000

/**
 * A table of all that three neighbouring characters of any `_key` have ever been: a text of which one such three is not there stands
 * in no key. Few are new with a row, so that following costs next to nothing; none is taken out again, for they only ever say no.
 */
export function createGrams(table: string): RawBuilder<unknown>[] {
  const [main, grams, places] = [quoted(table), quoted(partName(table, GRAMS)), quoted(partName(table, PLACES))]
  const ofNew = `insert or ignore into ${grams} (gram) select substr(new._key, place, 3) from ${places} limit length(new._key);`
  return [
    `create table ${grams} (gram text primary key) without rowid`,
    // Read with a limit, which ends it.
    `create view ${places} as with recursive counted (place) as (select 1 union all select place + 1 from counted where place < ${FURTHEST}) select place from counted`,
    // Qualified, as a DocType may have fields of these names.
    `insert or ignore into ${grams} (gram) select substr(main._key, counted.place, 3)
      from (select place from ${places} limit (select coalesce(max(length(_key)), 0) from ${main})) as counted
      cross join ${main} as main where counted.place <= length(main._key)`,
    `create trigger ${trigger(table, 'grams-inserted')} after insert on ${main} begin ${ofNew} end`,
    `create trigger ${trigger(table, 'grams-updated')} after update of _key on ${main} when old._key is not new._key begin ${ofNew} end`,
  ].map((text) => sql.raw(text))
}

/** Statements to run before the table itself is dropped. */
export function dropGrams(table: string): RawBuilder<unknown>[] {
  const triggers = ['grams-inserted', 'grams-updated'].map((event) => `drop trigger if exists ${trigger(table, event)}`)
  const [grams, places] = [quoted(partName(table, GRAMS)), quoted(partName(table, PLACES))]
  return [...triggers, `drop view if exists ${places}`, `drop table if exists ${grams}`].map((text) => sql.raw(text))
}

/** The threes of a text, as SQLite counts characters. */
export function gramsOf(text: string): string[] {
  const characters = [...text]
  return characters.slice(2).map((_, place) => characters.slice(place, place + 3).join(''))
}

const trigger = (table: string, event: string): string => quoted(partName(table, event))
