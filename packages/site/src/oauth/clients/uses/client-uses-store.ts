import type { Connection } from '@annex/database'
import { sql } from 'kysely'

/** How often an app used an exception on one day (days since 1970, UTC). */
export interface ClientUseRow {
  client: string
  kind: string
  day: number
  count: number
  /** UTC microseconds. */
  last_used: number
}

type Tables = { client_use: ClientUseRow }

export interface CountedUse {
  readonly kind: string
  readonly count: number
  /** UTC microseconds. */
  readonly lastUsed: number
}

/** Adds to a day's count; of several processes the latest use counts, whoever writes last. Whether it is the first of that day. */
export async function addUses(connection: Connection, use: ClientUseRow): Promise<boolean> {
  // Primary key.
  const row = await connection
    .withTables<Tables>()
    .insertInto('client_use')
    .values(use)
    .onConflict((conflict) =>
      conflict.columns(['client', 'kind', 'day']).doUpdateSet((known) => ({
        count: known('client_use.count', '+', use.count),
        last_used: sql<number>`case when excluded.last_used > client_use.last_used then excluded.last_used else client_use.last_used end`,
      })),
    )
    .returning('count')
    .executeTakeFirst()
  return row?.count === use.count
}

/** What an app used, over all days. */
export async function listUses(connection: Connection, client: string): Promise<CountedUse[]> {
  // Primary key.
  const rows = await connection
    .withTables<Tables>()
    .selectFrom('client_use')
    .select((use) => ['kind', use.fn.sum<number | string>('count').as('count'), use.fn.max('last_used').as('last_used')])
    .where('client', '=', client)
    .groupBy('kind')
    .orderBy('kind')
    .execute()
  // PostgreSQL gives a sum as text.
  return rows.map(({ kind, count, last_used: lastUsed }) => ({ kind, count: Number(count), lastUsed }))
}

export async function removeUses(connection: Connection, client: string): Promise<void> {
  // Primary key.
  await connection.withTables<Tables>().deleteFrom('client_use').where('client', '=', client).execute()
}
