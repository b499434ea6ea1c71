import type { Connection, Dialect, Migration } from '@annex/database'
import { sql } from 'kysely'

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

/** What apps did: counts by day, first and last use, networks; and an app's grants, the newest first. */
export const usageMigrations: readonly Migration[] = [{ name: 'oauth usage 1: what apps did, by day', up: createTables }]
