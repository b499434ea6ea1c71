import type { Connection, Dialect, Migration } from '@annex/database'
import { sql } from 'kysely'

async function createIdentity(connection: Connection, dialect: Dialect): Promise<void> {
  const [key, short, text, time, flag] = (['key', 'short', 'text', 'micros', 'flag'] as const).map((kind) =>
    sql.raw(dialect.columnType(kind)),
  )
  await sql`create table account ("user" ${key} not null primary key, sub ${key} not null, enabled ${flag} not null, first_name ${text} not null, last_name ${text},
    full_name ${text} not null, user_image ${text}, desk_user ${flag} not null, loopback_only ${flag} not null, password_hash ${text}, password_changed_at ${time},
    api_key ${key}, api_secret_hash ${short}, created ${time} not null)`.execute(connection)
  await dialect.createIndex('account', ['sub'], { unique: true }).execute(connection)
  await dialect.createIndex('account', ['api_key'], { unique: true }).execute(connection)
  await sql`create table session (hash ${key} not null primary key, "user" ${key} not null, created ${time} not null, last_seen ${time} not null,
    expires ${time} not null, ip ${short})`.execute(connection)
  await dialect.createIndex('session', ['user']).execute(connection)
  await dialect.createIndex('session', ['expires']).execute(connection)
}

async function createDefaults(connection: Connection, dialect: Dialect): Promise<void> {
  const [key, text] = (['key', 'text'] as const).map((kind) => sql.raw(dialect.columnType(kind)))
  await sql`create table user_default ("user" ${key} not null, key ${key} not null, value ${text} not null, primary key ("user", key))`.execute(
    connection,
  )
}

/** Accounts, sessions and what is kept for a user. */
export const identityMigrations: readonly Migration[] = [
  { name: 'identity 1: accounts and sessions', up: createIdentity },
  { name: 'identity 2: defaults of users', up: createDefaults },
]
