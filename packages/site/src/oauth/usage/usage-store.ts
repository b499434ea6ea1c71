import { dialectOf, type Connection, type Database } from '@annex/database'
import { sql } from 'kysely'

/**
 * Why a call was refused: a scope or a permission was lacking, its budget was used up (`limit`), it came from an
 * address that its app is not bound to, or API access was switched off (`access`).
 */
export type RefusedOutcome = 'scope' | 'permission' | 'limit' | 'address' | 'access'

/** What became of a call: it came (`call`), it used a right (`used`), or it was refused. */
export type Outcome = 'call' | 'used' | RefusedOutcome

/** A number of one day. */
export interface DayRow {
  /** A client's id, or a grant's. */
  subject: string
  /** Days since 1970, UTC. */
  day: number
  outcome: Outcome
  /** Of `used` the DocType, or `method:` and a name; of a refusal what was tried; else empty. */
  what: string
  /** Of `used` the right; of `scope` the scope that was lacking; else empty. */
  right: string
  count: number
}

/** Times are UTC microseconds. The subject is a client's id, a grant's, or a token's hash. */
export interface SpanRow {
  subject: string
  first_used: number
  last_used: number
  calls: number
}

/** Where calls came from: the subject is a grant's id, or a client's for the use of its secret. */
export interface NetworkRow extends SpanRow {
  network: string
}

export type UsageTables = { oauth_use_day: DayRow; oauth_use_span: SpanRow; oauth_use_network: NetworkRow }

const AT_ONCE = 100

function* batches<T>(rows: readonly T[]): Generator<T[]> {
  for (let at = 0; at < rows.length; at += AT_ONCE) yield rows.slice(at, at + AT_ONCE)
}

/** Adds to the numbers of days. No row twice; in one order everywhere, so that two processes never wait for each other. */
export async function addDays(connection: Connection, rows: readonly DayRow[]): Promise<void> {
  const db = connection.withTables<UsageTables>()
  // Primary key.
  for (const batch of batches(rows))
    await db
      .insertInto('oauth_use_day')
      .values(batch)
      .onConflict((conflict) =>
        conflict
          .columns(['subject', 'day', 'outcome', 'what', 'right'])
          .doUpdateSet({ count: (set) => set('oauth_use_day.count', '+', set.ref('excluded.count')) }),
      )
      .execute()
}

/** Adds calls to subjects and moves their last use forward. As `addDays`. */
export async function addSpans(connection: Connection, rows: readonly SpanRow[]): Promise<void> {
  const db = connection.withTables<UsageTables>()
  // Primary key.
  for (const batch of batches(rows))
    await db
      .insertInto('oauth_use_span')
      .values(batch)
      .onConflict((conflict) =>
        conflict.column('subject').doUpdateSet({
          calls: (set) => set('oauth_use_span.calls', '+', set.ref('excluded.calls')),
          last_used: sql<number>`case when excluded.last_used > oauth_use_span.last_used then excluded.last_used else oauth_use_span.last_used end`,
        }),
      )
      .execute()
}

/** Adds calls to networks of subjects. As `addDays`. The subjects that came from a new one come back. */
export async function addNetworks(connection: Connection, rows: readonly NetworkRow[]): Promise<ReadonlySet<string>> {
  const db = connection.withTables<UsageTables>()
  const moved = new Set<string>()
  for (const batch of batches(rows)) {
    // Primary key.
    const stored = await db
      .insertInto('oauth_use_network')
      .values(batch)
      .onConflict((conflict) =>
        conflict.columns(['subject', 'network']).doUpdateSet({
          calls: (set) => set('oauth_use_network.calls', '+', set.ref('excluded.calls')),
          last_used: sql<number>`case when excluded.last_used > oauth_use_network.last_used then excluded.last_used else oauth_use_network.last_used end`,
        }),
      )
      .returning(['subject', 'network', 'calls'])
      .execute()
    const added = new Map(batch.map((row) => [`${row.subject} ${row.network}`, row.calls]))
    for (const { subject, network, calls } of stored) if (calls === added.get(`${subject} ${network}`)) moved.add(subject)
  }
  return moved
}

/** Forgets all but the networks that a subject was last used from. */
export async function keepLatestNetworks(connection: Connection, subject: string, kept: number): Promise<void> {
  const db = connection.withTables<UsageTables>()
  // Primary key: few rows of one subject.
  const known = await db
    .selectFrom('oauth_use_network')
    .select('network')
    .where('subject', '=', subject)
    .orderBy('last_used', 'desc')
    .orderBy('network')
    .execute()
  const old = known.slice(kept).map(({ network }) => network)
  if (old.length > 0) await db.deleteFrom('oauth_use_network').where('subject', '=', subject).where('network', 'in', old).execute()
}

/** The numbers of subjects from a day on, without plain calls; the newest day first, so many at most. */
export async function listDays(connection: Connection, subjects: readonly string[], from: number, most: number): Promise<DayRow[]> {
  if (subjects.length === 0) return []
  const db = connection.withTables<UsageTables>()
  // Primary key: subjects and a range of days.
  const query = db.selectFrom('oauth_use_day').selectAll().where('subject', 'in', subjects).where('day', '>=', from)
  return query
    .where('outcome', '!=', 'call')
    .orderBy('day', 'desc')
    .orderBy('outcome')
    .orderBy('what')
    .orderBy('right')
    .limit(most)
    .execute()
}

/** Sums of each day from one on, by outcome. */
export async function sumByDay(
  connection: Connection,
  subjects: readonly string[],
  from: number,
): Promise<Pick<DayRow, 'day' | 'outcome' | 'count'>[]> {
  if (subjects.length === 0) return []
  const db = connection.withTables<UsageTables>()
  // Primary key: subjects and a range of days.
  const rows = await db
    .selectFrom('oauth_use_day')
    .select((day) => ['day', 'outcome', day.fn.sum<number | string>('count').as('count')])
    .where('subject', 'in', subjects)
    .where('day', '>=', from)
    .groupBy(['day', 'outcome'])
    .orderBy('day')
    .orderBy('outcome')
    .execute()
  // PostgreSQL gives a sum as text.
  return rows.map((row) => ({ ...row, count: Number(row.count) }))
}

/** Sums over all days from one on, by outcome, what and right. */
export async function sumDays(
  connection: Connection,
  subjects: readonly string[],
  from: number,
): Promise<Omit<DayRow, 'subject' | 'day'>[]> {
  if (subjects.length === 0) return []
  const db = connection.withTables<UsageTables>()
  // Primary key: subjects and a range of days.
  const rows = await db
    .selectFrom('oauth_use_day')
    .select((day) => ['outcome', 'what', 'right', day.fn.sum<number | string>('count').as('count')])
    .where('subject', 'in', subjects)
    .where('day', '>=', from)
    .groupBy(['outcome', 'what', 'right'])
    .orderBy('outcome')
    .orderBy('what')
    .orderBy('right')
    .execute()
  // PostgreSQL gives a sum as text.
  return rows.map((row) => ({ ...row, count: Number(row.count) }))
}

/** Those of the subjects that were used. */
export async function readSpans(connection: Connection, subjects: readonly string[]): Promise<Map<string, SpanRow>> {
  if (subjects.length === 0) return new Map()
  const db = connection.withTables<UsageTables>()
  // Primary key.
  const rows = await db.selectFrom('oauth_use_span').selectAll().where('subject', 'in', subjects).execute()
  return new Map(rows.map((row) => [row.subject, row]))
}

/** Where the subjects were used from, the latest first. */
export async function listNetworks(connection: Connection, subjects: readonly string[]): Promise<NetworkRow[]> {
  if (subjects.length === 0) return []
  const db = connection.withTables<UsageTables>()
  // Primary key.
  const query = db.selectFrom('oauth_use_network').selectAll().where('subject', 'in', subjects)
  return query.orderBy('last_used', 'desc').orderBy('subject').orderBy('network').execute()
}

/** Removes at most so many rows of each table that are older. Whether there may be more. */
export async function removeOld({ connection, engine }: Database, before: { day: number; micros: number }, most: number): Promise<boolean> {
  const db = connection.withTables<UsageTables>()
  // SQLite keeps these tables by their primary key and has no row ids; PostgreSQL finds rows by theirs.
  const row = dialectOf(engine).engine === 'postgres'
  const key = (columns: string) => sql.raw(row ? 'ctid' : `(${columns})`)
  const list = (columns: string) => sql.raw(row ? 'ctid' : columns)
  const removals = [
    // Index oauth_use_day_day.
    sql`delete from oauth_use_day where ${key('subject, day, outcome, what, "right"')} in (select ${list('subject, day, outcome, what, "right"')} from oauth_use_day where day < ${before.day} limit ${most})`,
    // Index oauth_use_span_last_used.
    sql`delete from oauth_use_span where ${key('subject')} in (select ${list('subject')} from oauth_use_span where last_used < ${before.micros} limit ${most})`,
    // Index oauth_use_network_last_used.
    sql`delete from oauth_use_network where ${key('subject, network')} in (select ${list('subject, network')} from oauth_use_network where last_used < ${before.micros} limit ${most})`,
  ]
  let isMore = false
  for (const removal of removals) isMore = Number((await removal.execute(db)).numAffectedRows ?? 0) >= most || isMore
  return isMore
}
