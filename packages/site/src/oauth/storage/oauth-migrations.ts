import type { Connection, Dialect, Migration } from '@annex/database'
import { sql } from 'kysely'
import { tellingMigrations } from '../telling/telling-migrations.ts'
import { clientMigrations } from './client-migrations.ts'
import { keyMigrations } from '../keys/rotation/key-migrations.ts'
import { consentMigrations } from './consent-migrations.ts'
import { usageMigrations } from '../usage/usage-migrations.ts'
import { flowMigrations } from './flow-migrations.ts'

type Kind = Parameters<Dialect['columnType']>[0]
type Columns = Readonly<Record<string, readonly [kind: Kind, constraint?: string]>>

const KEY = ['key', 'not null primary key'] as const
const REFERENCE = ['key', 'not null'] as const
const SHORT = ['short', 'not null'] as const
const TEXT = ['text', 'not null'] as const
const TIME = ['micros', 'not null'] as const
const INT = ['int', 'not null'] as const
const MAYBE_TIME = ['micros'] as const

const TABLES: Readonly<Record<string, Columns>> = {
  oauth_grant: {
    id: KEY,
    client: REFERENCE,
    user: REFERENCE,
    requested: TEXT,
    granted: TEXT,
    rejected: TEXT,
    doctype_ids: TEXT,
    epoch: INT,
    auth_time: TIME,
    created: TIME,
    expires: TIME,
    last_used: TIME,
    revoked_at: MAYBE_TIME,
    reason: ['short'],
  },
  oauth_code: {
    hash: KEY,
    grant_id: REFERENCE,
    client: REFERENCE,
    redirect_uri: TEXT,
    redirect_named: INT,
    challenge: ['short'],
    nonce: ['text'],
    issued: TIME,
    expires: TIME,
    used_at: MAYBE_TIME,
    failures: INT,
  },
  oauth_token: {
    hash: KEY,
    kind: SHORT,
    grant_id: REFERENCE,
    client: REFERENCE,
    scope: TEXT,
    issued: TIME,
    expires: TIME,
    used_at: MAYBE_TIME,
    successor: ['key'],
  },
  pending_request: { hash: KEY, session: REFERENCE, user: REFERENCE, client: REFERENCE, request: TEXT, created: TIME, expires: TIME },
  client_secret: { id: KEY, client: REFERENCE, hash: REFERENCE, created: TIME, expires: MAYBE_TIME, last_used: MAYBE_TIME },
  signing_key: { kid: KEY, use: SHORT, state: SHORT, public_jwk: ['text'], created: TIME },
  oauth_state: { id: ['int', 'not null primary key'], epoch: INT },
}

const INDEXES: readonly (readonly [table: string, ...columns: string[]])[] = [
  ['oauth_grant', 'user', 'client'],
  ['oauth_grant', 'client'],
  ['oauth_code', 'grant_id'],
  ['oauth_code', 'client'],
  ['oauth_token', 'grant_id'],
  ['oauth_token', 'expires'],
  ['pending_request', 'session'],
  ['client_secret', 'client'],
]

async function createTables(connection: Connection, dialect: Dialect): Promise<void> {
  // Rows are found by their primary key on every request of an app: kept in its order, SQLite looks once and not twice.
  const order = sql.raw(dialect.engine === 'sqlite' ? ' without rowid' : '')
  for (const [table, columns] of Object.entries(TABLES)) {
    const lines = Object.entries(columns).map(
      ([name, [kind, constraint = '']]) => sql`${sql.id(name)} ${sql.raw(`${dialect.columnType(kind)} ${constraint}`)}`,
    )
    await sql`create table ${sql.id(table)} (${sql.join(lines)})${order}`.execute(connection)
  }
  for (const [table, ...columns] of INDEXES) {
    const name = `${table}_${columns.join('_')}`
    await sql`create index ${sql.id(name)} on ${sql.id(table)} (${sql.join(columns.map((column) => sql.id(column)))})`.execute(connection)
  }
  await sql`insert into oauth_state (id, epoch) values (1, 1)`.execute(connection)
}

async function widenGrants(connection: Connection, dialect: Dialect): Promise<void> {
  for (const [column, kind] of [
    ['filters', 'text'],
    ['resource', 'text'],
    ['session', 'key'],
  ] as const)
    await sql`alter table oauth_grant add column ${sql.id(column)} ${sql.raw(dialect.columnType(kind))}`.execute(connection)
}

/** Grants, codes, tokens, pending requests, secrets, the public side of keys, and the epoch. */
export const oauthMigrations: readonly Migration[] = [
  { name: 'oauth 1: grants, codes and tokens', up: createTables },
  { name: 'oauth 2: row filters, resources and sessions of grants', up: widenGrants },
  ...flowMigrations,
  ...consentMigrations,
  ...keyMigrations,
  ...clientMigrations,
  ...usageMigrations,
  ...tellingMigrations,
]
