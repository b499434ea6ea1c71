import type { Expression, RawBuilder, SqlBool } from 'kysely'
import type { Connection, Engine } from './database.ts'
import type { TableShape } from './shapes/shape.ts'

/**
 * What a column holds. `key`, `short`, `text`, `date`, `time` and `json` are text, ordered by code points;
 * `int`, `check`, `flag` (1 and 0), `micros` and `datetime` (UTC microseconds) are whole numbers; `decimal` has nine places; `blob` is bytes.
 */
export type ColumnKind =
  'key' | 'short' | 'text' | 'json' | 'date' | 'time' | 'int' | 'check' | 'flag' | 'micros' | 'datetime' | 'decimal' | 'blob'

export interface UniqueViolation {
  readonly table?: string
  readonly columns: readonly string[]
  /** True when the primary key was taken. */
  readonly primary: boolean
}

export interface IndexOptions {
  readonly unique?: boolean
}

/**
 * Finds text inside text, by an index made for it, over the columns `_search` and `_key` of a table whose key is `name`.
 * What `_key` holds, `_search` holds too. The index follows the table by itself.
 */
export interface SearchIndex {
  /** Statements that make the index, rows that exist included. */
  create(table: string): readonly RawBuilder<unknown>[]
  /** Statements that complete an index which an earlier release made; none when it lacks nothing. */
  follow(connection: Connection, table: string): Promise<readonly RawBuilder<unknown>[]>
  /**
   * True for rows whose `_search` contains the text, which is folded already and has three characters or more.
   *
   * @param alias the name of the table in the query, when it differs
   * @throws {RangeError} for a shorter text
   */
  contains(table: string, foldedText: string, alias?: string): RawBuilder<SqlBool>
  /**
   * The names of these rows; undefined when there are more than `most`.
   *
   * @throws {RangeError} as `contains`
   */
  found(connection: Connection, table: string, foldedText: string, most: number): Promise<readonly string[] | undefined>
  /** True for rows whose `_key` contains the text, of any length: read from an index without the rows, as far as there is one. */
  keyContains(table: string, foldedText: string, alias?: string): RawBuilder<SqlBool>
  /** True for rows whose `_key` has the text first at one of these places, in characters from 1. */
  keyHasAt(table: string, foldedText: string, from: number, to: number, alias?: string): RawBuilder<SqlBool>
  /** How many names `keyContains` reads, hardly too few but after many changes too many; 0 where an index tells. */
  countKeysRead(connection: Connection, table: string): Promise<number>
  /** False when no `_key` contains the text, told at once; true when one may. */
  keyMayContain(connection: Connection, table: string, foldedText: string): Promise<boolean>
  /** Statements to run before the table itself is dropped. */
  drop(table: string): readonly RawBuilder<unknown>[]
}

/** What differs between the engines. Fragments are pure and go into any query of the engine's connection. */
export interface Dialect {
  readonly engine: Engine
  /** The column's type as it stands in `create table`. */
  columnType(kind: ColumnKind): string
  /** Nulls first ascending, nulls last descending. */
  order(expression: Expression<unknown>, descending?: boolean): RawBuilder<unknown>
  /** The text as comparisons that ignore case see it; equal to `foldText`. */
  fold(expression: Expression<unknown>): RawBuilder<string>
  /**
   * Ignores case. In the pattern `%` is any text and `_` any character; a backslash is a backslash.
   *
   * @throws {BadValue} for a pattern over 10,000 characters
   */
  like(expression: Expression<unknown>, pattern: string, negate?: boolean): RawBuilder<SqlBool>
  /** True when the expression is one of the texts: one statement for any number of them. */
  oneOf(expression: Expression<unknown>, texts: readonly string[]): RawBuilder<SqlBool>
  /** Where the text first stands in the expression, in characters from 1; 0 when it does not. */
  position(expression: Expression<unknown>, text: string): RawBuilder<number>
  /** The sum of numbers, exact to nine places; null of no rows. */
  sum(expression: Expression<unknown>): RawBuilder<number | null>
  /** The average of numbers, rounded half away from zero to nine places; null of no rows. */
  average(expression: Expression<unknown>): RawBuilder<number | null>
  /** Ends a select that will update what it read: `query.modifyEnd(dialect.lockRows)`. On SQLite a transaction is alone already. */
  readonly lockRows: RawBuilder<unknown>
  /** As `lockRows`, and leaves out the rows that another transaction holds, instead of waiting for it. */
  readonly lockFreeRows: RawBuilder<unknown>
  /** Ends a select whose rows must stay, under their names, until the transaction ends; others may share them and change their fields. */
  readonly keepRows: RawBuilder<unknown>
  readonly searchIndex: SearchIndex
  /** A statement that makes an index which serves `order` and prefixes, unless it exists. Its name follows from table and columns. */
  createIndex(table: string, columns: readonly string[], options?: IndexOptions): RawBuilder<unknown>
  /**
   * Stands behind a table in `from`: it is read along that index, which must be there. Undefined where the planner knows how
   * many rows meet a condition and chooses well by itself.
   */
  along(index: string): RawBuilder<unknown> | undefined
  /** What an error of a query violated, if it was a primary key or a unique index. */
  uniqueViolation(error: unknown): UniqueViolation | undefined
  /** True when the database was too busy to answer, so that the same call may succeed later. */
  isBusy(error: unknown): boolean
  /** True when a value that the caller sent is at fault: no column holds it, or no operator takes it. */
  isBadValue(error: unknown): boolean
  /** True when the engine itself refused a statement; its message says why and shows no value. */
  isFault(error: unknown): boolean
  tableExists(connection: Connection, table: string): Promise<boolean>
  /** In their order; none when there is no such table. */
  columnsOf(connection: Connection, table: string): Promise<string[]>
  /** The names of the table's indexes, without those of its keys. */
  indexesOf(connection: Connection, table: string): Promise<string[]>
  /** Every table with its columns and indexes, by name; what belongs to a search index is left out. */
  listTables(connection: Connection): Promise<TableShape[]>
  /** Makes other processes that change tables, and on PostgreSQL those that begin a snapshot, wait until this transaction ends. */
  lockMigrations(connection: Connection): Promise<void>
}
