import type { Connection, Dialect, Migration } from '@annex/database'
import { sql } from 'kysely'
import { socialMigrations } from './social/social-migrations.ts'

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

async function addBrowser(connection: Connection, dialect: Dialect): Promise<void> {
  await sql`alter table session add column browser ${sql.raw(dialect.columnType('short'))}`.execute(connection)
}

async function createPasswordResets(connection: Connection, dialect: Dialect): Promise<void> {
  const [key, time] = (['key', 'micros'] as const).map((kind) => sql.raw(dialect.columnType(kind)))
  await sql`create table password_reset (hash ${key} not null primary key, "user" ${key} not null, expires ${time} not null)`.execute(
    connection,
  )
  for (const column of ['user', 'expires']) await dialect.createIndex('password_reset', [column]).execute(connection)
}

async function createKnownPlaces(connection: Connection, dialect: Dialect): Promise<void> {
  const [key, time] = (['key', 'micros'] as const).map((kind) => sql.raw(dialect.columnType(kind)))
  await sql`create table known_place ("user" ${key} not null, mark ${key} not null, last_used ${time} not null, primary key ("user", mark))`.execute(
    connection,
  )
}

async function createFactors(connection: Connection, dialect: Dialect): Promise<void> {
  const [key, text, time, int, flag] = (['key', 'text', 'micros', 'int', 'flag'] as const).map((kind) => sql.raw(dialect.columnType(kind)))
  await sql`create table second_factor ("user" ${key} not null primary key, secret ${text} not null, key_id ${key} not null,
    confirmed ${flag} not null, last_counter ${int} not null)`.execute(connection)
  await sql`create table recovery_code ("user" ${key} not null, hash ${key} not null, primary key ("user", hash))`.execute(connection)
  await sql`create table pending_sign_in (hash ${key} not null primary key, "user" ${key} not null, expires ${time} not null,
    tries ${int} not null)`.execute(connection)
  for (const column of ['user', 'expires']) await dialect.createIndex('pending_sign_in', [column]).execute(connection)
}

async function addBeginner(connection: Connection, dialect: Dialect): Promise<void> {
  await sql`alter table second_factor add column begun_by ${sql.raw(dialect.columnType('key'))}`.execute(connection)
}

/** Accounts, sessions and what is kept for a user. */
export const identityMigrations: readonly Migration[] = [
  { name: 'identity 1: accounts and sessions', up: createIdentity },
  { name: 'identity 2: defaults of users', up: createDefaults },
  { name: 'identity 3: browsers of sessions', up: addBrowser },
  { name: 'identity 4: reset links', up: createPasswordResets },
  { name: 'identity 5: where users sign in', up: createKnownPlaces },
  { name: 'identity 6: second factors', up: createFactors },
  { name: 'identity 7: who sets up a second factor', up: addBeginner },
  ...socialMigrations,
]
