import type { Connection, Dialect, Migration } from '@annex/database'
import { sql } from 'kysely'

async function addFlows(connection: Connection, dialect: Dialect): Promise<void> {
  const type = (kind: Parameters<Dialect['columnType']>[0]) => sql.raw(dialect.columnType(kind))
  const order = sql.raw(dialect.engine === 'sqlite' ? ' without rowid' : '')
  await sql`alter table oauth_grant add column kind ${type('short')}`.execute(connection)
  await sql`alter table oauth_token add column resource ${type('text')}`.execute(connection)
  await sql`create table oauth_device (
    hash ${type('key')} not null primary key,
    user_code ${type('key')} not null,
    client ${type('key')} not null,
    scopes ${type('text')} not null,
    resource ${type('text')},
    created ${type('micros')} not null,
    expires ${type('micros')} not null,
    pace ${type('int')} not null,
    polled_at ${type('micros')},
    "user" ${type('key')},
    state ${type('short')} not null,
    grant_id ${type('key')}
  )${order}`.execute(connection)
  await sql`create unique index oauth_device_user_code on oauth_device (user_code)`.execute(connection)
}

async function indexCodes(connection: Connection): Promise<void> {
  await sql`create index oauth_code_expires on oauth_code (expires)`.execute(connection)
  await sql`create index oauth_device_grant_id on oauth_device (grant_id)`.execute(connection)
}

/** Device codes, services' grants, the resources of tokens, and how codes that ran out are found. */
export const flowMigrations: readonly Migration[] = [
  { name: 'oauth flows 1: devices, services and resources', up: addFlows },
  { name: 'oauth flows 2: codes by their end', up: indexCodes },
]
