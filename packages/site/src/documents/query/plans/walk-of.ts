import type { Connection } from '@annex/database'
import type { OrderTerm } from '@annex/protocol'
import { sql, type RawBuilder } from 'kysely'
import { tableName } from '../../../doctypes/table-name.ts'
import { timeIndexOf } from '../../../doctypes/tables/indexes.ts'
import type { Stored } from '../../../doctypes/values/to-stored.ts'
import type { Premises } from '../../premises.ts'
import type { Sources } from '../query-sources.ts'
import { PROBED, type Share } from './shares.ts'
import type { Walk } from './walk.ts'

interface Parts {
  readonly condition: RawBuilder<unknown>
  readonly orders: RawBuilder<unknown>
  readonly reading: (from: RawBuilder<unknown>) => RawBuilder<Record<string, Stored>>
}

/** Undefined where no index gives the list's order, or the engine's planner knows better. */
export function walkOf({ dialect }: Premises, sources: Sources, terms: readonly OrderTerm[], parts: Parts): Walk | undefined {
  const { doctype } = sources.main
  if (doctype.istable || !isByTime(terms)) return undefined
  const index = timeIndexOf(doctype)
  const along = dialect.along(index)
  if (!along) return undefined
  const { condition, orders, reading } = parts
  // Index (modified, name), for both.
  const from = sql`${sources.from} ${along}`
  const tested = sql`select case when ${condition} then 1 else 0 end as ${sql.id('hit')} from ${from}${orders} limit ${sql.lit(PROBED)}`
  const probe = sql<Share>`select count(*) as ${sql.id('rows')}, coalesce(sum(${sql.id('hit')}), 0) as ${sql.id('hits')} from (${tested})`
  const isServed = async (connection: Connection): Promise<boolean> =>
    (await dialect.indexesOf(connection, tableName(doctype.name))).includes(index)
  return { statement: reading(from), probe, isServed }
}

/** Rows that share a time are few, so that what comes after it hardly sorts. */
const isByTime = (terms: readonly OrderTerm[]): boolean => {
  const first = terms[0]
  return !first || (first.path.fieldname === 'modified' && first.path.via === undefined && first.path.doctype === undefined)
}
