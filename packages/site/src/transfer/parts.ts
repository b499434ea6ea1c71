import type { TableShape } from '@annex/database'

export type Value = string | number | Uint8Array | null
/** In the order of the table's columns. */
export type Row = readonly Value[]

/** A site as a stream: each table, then its rows in batches, then its sum. */
export type Part =
  | { readonly kind: 'table'; readonly table: TableShape }
  | { readonly kind: 'rows'; readonly rows: readonly Row[] }
  | { readonly kind: 'sum'; readonly sum: Sum }

export interface Sum {
  readonly rows: number
  /** The same for the same rows in any order. */
  readonly hash: string
}

/** Told as a table goes by: the rows so far, and whether those are all. */
export type Report = (progress: { readonly table: string; readonly rows: number; readonly done: boolean }) => void

/** Rows between two reports of one table. */
export const REPORT_EVERY = 100_000
