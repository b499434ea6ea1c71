import type { Connection, Dialect, Migration } from '@annex/database'
import { sql } from 'kysely'

async function createTables(connection: Connection, dialect: Dialect): Promise<void> {
  const type = (kind: Parameters<Dialect['columnType']>[0]) => sql.raw(dialect.columnType(kind))
  const order = sql.raw(dialect.engine === 'sqlite' ? ' without rowid' : '')
  await sql`create table client_approval (
    client ${type('key')} not null,
    "user" ${type('key')} not null,
    sub ${type('key')} not null,
    state ${type('short')} not null,
    created ${type('micros')} not null,
    decided_by ${type('key')},
    decided_at ${type('micros')},
    primary key (client, "user")
  )${order}`.execute(connection)
  await sql`create index client_approval_state_created on client_approval (state, created)`.execute(connection)
  await sql`create table client_use (
    client ${type('key')} not null,
    kind ${type('short')} not null,
    day ${type('int')} not null,
    count ${type('int')} not null,
    last_used ${type('micros')} not null,
    primary key (client, kind, day)
  )${order}`.execute(connection)
}

async function createClosings(connection: Connection, dialect: Dialect): Promise<void> {
  const type = (kind: Parameters<Dialect['columnType']>[0]) => sql.raw(dialect.columnType(kind))
  await sql`create table oauth_closing (
    id ${type('key')} not null primary key,
    client ${type('key')} not null,
    roles ${type('text')} not null,
    reached ${type('micros')} not null,
    reached_id ${type('key')} not null,
    closed_by ${type('key')} not null
  )`.execute(connection)
}

const indexUsers = async (connection: Connection): Promise<void> =>
  void (await sql`create index client_approval_user on client_approval ("user")`.execute(connection))

async function widenClosings(connection: Connection, dialect: Dialect): Promise<void> {
  const columns = {
    user: ['key', `not null default ''`],
    closed_at: ['micros'],
    reason: ['short', `not null default 'role_lost'`],
    sub: ['key'],
    event_uri: ['text'],
    logout_uri: ['text'],
  } as const
  for (const [column, [kind, constraint = '']] of Object.entries(columns))
    await sql`alter table oauth_closing add column ${sql.id(column)} ${sql.raw(`${dialect.columnType(kind)} ${constraint}`)}`.execute(
      connection,
    )
  await dialect.createIndex('oauth_grant', ['user', 'created']).execute(connection)
}

/** Who may use an app after approval, how often an app's exceptions were used on each day, and whose grants are being ended. */
export const clientMigrations: readonly Migration[] = [
  { name: 'oauth clients 1: approvals and counted exceptions', up: createTables },
  { name: 'oauth clients 2: apps closed to some of their users', up: createClosings },
  { name: 'oauth clients 3: approvals by their user', up: indexUsers },
  { name: 'oauth clients 4: all grants of an app or a user closed', up: widenClosings },
]
