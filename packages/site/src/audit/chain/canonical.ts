import { createHash } from 'node:crypto'
import type { AuditRow } from '../audit-tables.ts'

/** The head before the first batch. */
export const GENESIS = '0'.repeat(64)

/** What of a row is chained: all but the address and its salt, which can be erased, and the batch it came into. */
export const CHAINED = ['id', 'at', 'event', 'person', 'about', 'client', 'grant_id', 'incident', 'count', 'address', 'detail'] as const
export type ChainedRow = Pick<AuditRow, (typeof CHAINED)[number]>

/** A batch as it is hashed, besides its rows. */
export interface Link {
  readonly number: number
  /** UTC microseconds: when it was sealed. */
  readonly at: number
  /** How many rows. */
  readonly rows: number
  /** The time of its latest row. */
  readonly until: number
}

/** A batch's head: SHA-256 over the head before it, what is known of the batch, and each of its rows by time and id, one JSON line each. */
export function headAfter(previous: string, { number, at, rows, until }: Link, members: readonly ChainedRow[]): string {
  const hash = createHash('sha256').update(`${JSON.stringify([previous, number, at, rows, until])}\n`)
  for (const row of members.toSorted(byTime)) hash.update(`${JSON.stringify(CHAINED.map((column) => row[column]))}\n`)
  return hash.digest('hex')
}

const byTime = (a: ChainedRow, b: ChainedRow): number => a.at - b.at || (a.id < b.id ? -1 : 1)

/** What the signature of a batch is over. */
export const signedHead = (number: number, head: string): string => `annex audit head\n${number}\n${head}`

/** What the signature of a checkpoint is over: so many rows were removed, up to the batch that ends in this head. */
export const signedCheckpoint = (number: number, head: string, removed: number, at: number): string =>
  `annex audit checkpoint\n${number}\n${head}\n${removed}\n${at}`
