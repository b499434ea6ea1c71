/** What a column holds, as far as both engines tell it. */
export type ShapeKind = 'text' | 'int' | 'decimal' | 'blob'

export interface ColumnShape {
  readonly name: string
  readonly kind: ShapeKind
  readonly required: boolean
  readonly fallback: string | number | null
  /** Its place in the primary key, from 1; 0 = no part of it. */
  readonly key: number
}

export interface IndexShape {
  readonly name: string
  readonly unique: boolean
  readonly columns: readonly { readonly name: string; readonly descending: boolean }[]
}

/** A table as either engine can make it. */
export interface TableShape {
  readonly name: string
  readonly columns: readonly ColumnShape[]
  readonly indexes: readonly IndexShape[]
  /** SQLite keeps its rows in the order of the key; PostgreSQL knows no such thing and says false. */
  readonly keyed: boolean
}

const WHERE_SEARCHED = '_search'

/** Whether the table has a search index: its column `_search` is what `SearchIndex` looks through. */
export const isSearched = (table: TableShape): boolean => table.columns.some((column) => column.name === WHERE_SEARCHED)

/** The primary key, in its order. */
export const keyOf = (table: TableShape): string[] =>
  table.columns
    .filter((column) => column.key > 0)
    .toSorted((a, b) => a.key - b.key)
    .map((column) => column.name)
