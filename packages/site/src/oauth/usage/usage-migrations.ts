import type { Connection, Dialect, Migration } from '@annex/database'
import { sql } from 'kysely'
import { DAY } from '../storage/durations.ts'

async function createTables(connection: Connection, dialect: Dialect): Promise<void> {
  const type = (kind: Parameters<Dialect['columnType']>[0]) => sql.raw(dialect.columnType(kind))
  const order = sql.raw(dialect.engine === 'sqlite' ? ' without rowid' : '')
  await sql`create table oauth_use_day (
    subject ${type('key')} not null,
    day ${type('int')} not null,
    outcome ${type('short')} not null,
    what ${type('short')} not null,
    "right" ${type('short')} not null,
    count ${type('int')} not null,
    primary key (subject, day, outcome, what, "right")
  )${order}`.execute(connection)
  await sql`create table oauth_use_span (
    subject ${type('key')} not null primary key,
    first_used ${type('micros')} not null,
    last_used ${type('micros')} not null,
    calls ${type('int')} not null
  )${order}`.execute(connection)
  await sql`create table oauth_use_network (
    subject ${type('key')} not null,
    network ${type('short')} not null,
    first_used ${type('micros')} not null,
    last_used ${type('micros')} not null,
    calls ${type('int')} not null,
    primary key (subject, network)
  )${order}`.execute(connection)
  for (const [table, column] of [
    ['oauth_use_day', 'day'],
    ['oauth_use_span', 'last_used'],
    ['oauth_use_network', 'last_used'],
  ] as const)
    await dialect.createIndex(table, [column]).execute(connection)
  await dialect.createIndex('oauth_grant', ['client', 'created']).execute(connection)
}

/**
 * What single tokens did. By day first: what is written lies together, and days that are over go from the beginning of the table.
 *
 * A token's first and last use stood among those of apps and grants; such rows, and no others, have no numbers by day. Of
 * tokens that are still there they move here.
 */
async function createTokenTable(connection: Connection, dialect: Dialect): Promise<void> {
  const type = (kind: Parameters<Dialect['columnType']>[0]) => sql.raw(dialect.columnType(kind))
  await sql`create table oauth_use_token (
    day ${type('int')} not null,
    token ${type('key')} not null,
    outcome ${type('short')} not null,
    what ${type('short')} not null,
    "right" ${type('short')} not null,
    count ${type('int')} not null,
    first_used ${type('micros')},
    last_used ${type('micros')},
    primary key (day, token, outcome, what, "right")
  )${sql.raw(dialect.engine === 'sqlite' ? ' without rowid' : '')}`.execute(connection)
  // Primary keys; a scan of the spans, once.
  await sql`insert into oauth_use_token (day, token, outcome, what, "right", count, first_used, last_used)
    select span.last_used / ${sql.lit(DAY)}, span.subject, 'call', '', '', span.calls, span.first_used, span.last_used
    from oauth_use_span as span join oauth_token as token on token.hash = span.subject`.execute(connection)
  await sql`delete from oauth_use_span
    where not exists (select 1 from oauth_use_day where oauth_use_day.subject = oauth_use_span.subject)`.execute(connection)
}

/** What apps did: counts by day, first and last use, networks; and an app's grants, the newest first. */
export const usageMigrations: readonly Migration[] = [
  { name: 'oauth usage 1: what apps did, by day', up: createTables },
  { name: 'oauth usage 2: what single tokens did', up: createTokenTable },
]
