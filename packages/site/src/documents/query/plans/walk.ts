import type { Connection } from '@annex/database'
import type { RawBuilder } from 'kysely'
import type { Stored } from '../../../doctypes/values/to-stored.ts'
import type { Share } from './shares.ts'

/**
 * A list of the latest documents read in its order, each row tested, until its page is full: where most rows meet the filters that is
 * less than finding all of them by an index and sorting them.
 */
export interface Walk {
  readonly statement: RawBuilder<Record<string, Stored>>
  /** What of the rows that come first in that order meets the filters: one row, read without the page. */
  readonly probe: RawBuilder<Share>
  /** Whether the index is there: a table that another release made may lack it. */
  readonly isServed: (connection: Connection) => Promise<boolean>
}
