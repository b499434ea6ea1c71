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

/** Whoever knows the id of an app, and has many addresses, can make many of these rows. */
async function indexDevices(connection: Connection): Promise<void> {
  await sql`create index oauth_device_expires on oauth_device (expires)`.execute(connection)
}

const TOKEN_COLUMNS = ['hash', 'kind', 'grant_id', 'client', 'scope', 'issued', 'expires', 'used_at', 'successor', 'resource'] as const

/**
 * SQLite alone: tokens lie in the order in which they were issued, as on PostgreSQL, and their hashes in an index beside them. By their
 * hashes each new one lay on a page of its own, which a commit wrote, and so did its place in the index of its grant.
 */
async function orderTokens(connection: Connection, dialect: Dialect): Promise<void> {
  if (dialect.engine !== 'sqlite') return
  const type = (kind: Parameters<Dialect['columnType']>[0]) => sql.raw(dialect.columnType(kind))
  const columns = sql.join(TOKEN_COLUMNS.map((column) => sql.id(column)))
  await sql`alter table oauth_token rename to oauth_token_by_hash`.execute(connection)
  await sql`create table oauth_token (
    hash ${type('key')} not null primary key,
    kind ${type('short')} not null,
    grant_id ${type('key')} not null,
    client ${type('key')} not null,
    scope ${type('text')} not null,
    issued ${type('micros')} not null,
    expires ${type('micros')} not null,
    used_at ${type('micros')},
    successor ${type('key')},
    resource ${type('text')}
  )`.execute(connection)
  await sql`insert into oauth_token (${columns}) select ${columns} from oauth_token_by_hash order by issued`.execute(connection)
  await sql`drop table oauth_token_by_hash`.execute(connection)
  await sql`create index oauth_token_grant_id on oauth_token (grant_id)`.execute(connection)
  await sql`create index oauth_token_expires on oauth_token (expires)`.execute(connection)
}

/** Device codes, services' grants, the resources of tokens, how codes and devices that ran out are found, and how tokens lie. */
export const flowMigrations: readonly Migration[] = [
  { name: 'oauth flows 1: devices, services and resources', up: addFlows },
  { name: 'oauth flows 2: codes by their end', up: indexCodes },
  { name: 'oauth flows 3: tokens in the order of their issue', up: orderTokens },
  { name: 'oauth flows 4: devices by their end', up: indexDevices },
]
