import { dialectOf, keptInsert, type Connection, type Database } from '@annex/database'
import { sql, type QueryResult, type RawBuilder } from 'kysely'

/**
 * Why a call was refused: a scope or a permission was lacking, its budget was used up (`limit`), it came from an
 * address that its app is not bound to, or API access was switched off (`access`).
 */
export type RefusedOutcome = 'scope' | 'permission' | 'limit' | 'address' | 'access' | 'token'

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

/** Times are UTC microseconds. The subject is a client's id or a grant's. */
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

/** A number of one day of one token. */
export interface TokenDayRow extends Omit<DayRow, 'subject'> {
  /** What it is stored by. */
  token: string
  /** Of `call`, UTC microseconds; of all else null. */
  first_used: number | null
  last_used: number | null
}

export type UsageTables = {
  oauth_use_day: DayRow
  oauth_use_span: SpanRow
  oauth_use_network: NetworkRow
  oauth_use_token: TokenDayRow
}

const added = (table: keyof UsageTables, column: 'count' | 'calls') =>
  sql<number>`${sql.ref(`${table}.${column}`)} + ${sql.ref(`excluded.${column}`)}`
/** Nothing for nothing. */
const latest = (table: keyof UsageTables) => {
  const [stored, given] = [sql.ref(`${table}.last_used`), sql.ref('excluded.last_used')]
  return sql<number>`case when ${given} > ${stored} then ${given} else ${stored} end`
}

/** Adds to the numbers of days. No row twice; in one order everywhere, so that two processes never wait for each other. */
export const addDays = keptInsert<DayRow>('oauth_use_day', ['subject', 'day', 'outcome', 'what', 'right', 'count'], (insertion) =>
  // Primary key.
  insertion.onConflict((conflict) =>
    conflict.columns(['subject', 'day', 'outcome', 'what', 'right']).doUpdateSet({ count: added('oauth_use_day', 'count') }),
  ),
)

/** Adds to the numbers of tokens and moves their last use forward. As `addDays`. */
export const addTokenDays = keptInsert<TokenDayRow>(
  'oauth_use_token',
  ['day', 'token', 'outcome', 'what', 'right', 'count', 'first_used', 'last_used'],
  (insertion) =>
    // Primary key.
    insertion.onConflict((conflict) =>
      conflict
        .columns(['day', 'token', 'outcome', 'what', 'right'])
        .doUpdateSet({ count: added('oauth_use_token', 'count'), last_used: latest('oauth_use_token') }),
    ),
)

/** Adds calls to subjects and moves their last use forward. As `addDays`. */
export const addSpans = keptInsert<SpanRow>('oauth_use_span', ['subject', 'first_used', 'last_used', 'calls'], (insertion) =>
  // Primary key.
  insertion.onConflict((conflict) =>
    conflict.column('subject').doUpdateSet({ calls: added('oauth_use_span', 'calls'), last_used: latest('oauth_use_span') }),
  ),
)

/** Adds calls to networks of subjects. As `addDays`. The subjects that came from a new one come back. */
export async function addNetworks(connection: Connection, rows: readonly NetworkRow[]): Promise<ReadonlySet<string>> {
  const given = new Map(rows.map((row) => [`${row.subject} ${row.network}`, row.calls]))
  const stored = await insertNetworks(connection, rows)
  const isNew = ({ subject, network, calls }: StoredNetwork): boolean => calls === given.get(`${subject} ${network}`)
  return new Set(stored.filter(isNew).map(({ subject }) => subject))
}

type StoredNetwork = Pick<NetworkRow, 'subject' | 'network' | 'calls'>

const insertNetworks = keptInsert<NetworkRow, StoredNetwork>(
  'oauth_use_network',
  ['subject', 'network', 'first_used', 'last_used', 'calls'],
  (insertion) =>
    // Primary key.
    insertion
      .onConflict((conflict) =>
        conflict
          .columns(['subject', 'network'])
          .doUpdateSet({ calls: added('oauth_use_network', 'calls'), last_used: latest('oauth_use_network') }),
      )
      .returning(['subject', 'network', 'calls']),
)

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

/** The numbers of tokens on each of the days; of one outcome when it is named. */
export async function listTokenDays(
  connection: Connection,
  tokens: readonly string[],
  days: readonly number[],
  outcome?: Outcome,
): Promise<TokenDayRow[]> {
  if (tokens.length === 0 || days.length === 0) return []
  const db = connection.withTables<UsageTables>()
  // Primary key: days, tokens and the outcome.
  const query = db.selectFrom('oauth_use_token').selectAll().where('day', 'in', days).where('token', 'in', tokens)
  return (outcome === undefined ? query : query.where('outcome', '=', outcome)).execute()
}

/** What is older than it is kept. */
interface Old {
  /** Days since 1970: numbers of clients and grants of days before… */
  readonly day: number
  /** …of tokens… */
  readonly tokenDay: number
  /** …and subjects that were last used before, in UTC microseconds. */
  readonly micros: number
}

/** Removes at most so many rows of each table that are older. Whether there may be more. */
export async function removeOld({ connection, engine }: Database, before: Old, most: number): Promise<boolean> {
  // SQLite keeps these tables by their primary key and has no row ids; PostgreSQL finds rows by theirs.
  const row = dialectOf(engine).engine === 'postgres'
  const remove = (table: keyof UsageTables, columns: string, isOlder: RawBuilder<unknown>): Promise<QueryResult<unknown>> => {
    const [one, list] = [sql.raw(row ? 'ctid' : `(${columns})`), sql.raw(row ? 'ctid' : columns)]
    return sql`delete from ${sql.table(table)} where ${one} in (select ${list} from ${sql.table(table)} where ${isOlder} limit ${most})`.execute(
      connection,
    )
  }
  const removed = [
    // Index oauth_use_day_day.
    await remove('oauth_use_day', 'subject, day, outcome, what, "right"', sql`day < ${before.day}`),
    // Primary key.
    await remove('oauth_use_token', 'day, token, outcome, what, "right"', sql`day < ${before.tokenDay}`),
    // Index oauth_use_span_last_used.
    await remove('oauth_use_span', 'subject', sql`last_used < ${before.micros}`),
    // Index oauth_use_network_last_used.
    await remove('oauth_use_network', 'subject, network', sql`last_used < ${before.micros}`),
  ]
  return removed.some(({ numAffectedRows = 0 }) => Number(numAffectedRows) >= most)
}
