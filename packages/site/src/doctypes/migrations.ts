import type { Connection, Dialect, Migration } from '@annex/database'
import { sql } from 'kysely'
import { followReleaseWithin } from './release/follow-release.ts'
import { makeSiteId } from './tables/site-id-store.ts'

async function createSeries(connection: Connection, dialect: Dialect): Promise<void> {
  const [key, int] = [sql.raw(dialect.columnType('key')), sql.raw(dialect.columnType('int'))]
  await sql`create table naming_series (prefix ${key} not null primary key, current ${int} not null)`.execute(connection)
}

async function createFormerFields(connection: Connection, dialect: Dialect): Promise<void> {
  const key = sql.raw(dialect.columnType('key'))
  await sql`create table former_field (doctype ${key} not null, fieldname ${key} not null, fieldtype ${key} not null, primary key (doctype, fieldname))`.execute(
    connection,
  )
}

async function createSealedValues(connection: Connection, dialect: Dialect): Promise<void> {
  const [key, text] = [sql.raw(dialect.columnType('key')), sql.raw(dialect.columnType('text'))]
  await sql`create table sealed_value (doctype ${key} not null, name ${key} not null, fieldname ${key} not null, key_id ${key} not null, sealed ${text} not null, primary key (doctype, name, fieldname))`.execute(
    connection,
  )
}

async function createSiteId(connection: Connection, dialect: Dialect): Promise<void> {
  const [key, int] = [sql.raw(dialect.columnType('key')), sql.raw(dialect.columnType('int'))]
  await sql`create table site_id (id ${int} not null primary key, value ${key} not null)`.execute(connection)
  await makeSiteId(connection)
}

async function createVersions(connection: Connection, dialect: Dialect): Promise<void> {
  const [key, int, time] = (['key', 'int', 'micros'] as const).map((kind) => sql.raw(dialect.columnType(kind)))
  await sql`create table doctype_version (id ${int} not null primary key, value ${int} not null)`.execute(connection)
  await sql`insert into doctype_version (id, value) values (1, 1)`.execute(connection)
  await sql`create table doctype_release (fingerprint ${key} not null primary key, applied ${time} not null)`.execute(connection)
}

/** What the DocTypes' tables and definitions need beside them. */
export const doctypeTables: readonly Migration[] = [
  { name: 'doctypes-naming-series', up: createSeries },
  { name: 'doctypes-former-fields', up: createFormerFields },
  { name: 'doctypes-versions', up: createVersions },
  { name: 'doctypes-sealed-values', up: createSealedValues },
  { name: 'doctypes-site-id', up: createSiteId },
]

/**
 * The counters of naming series, and the core DocTypes of the release that first met the database;
 * `followRelease` brings those of a later one.
 */
export const doctypeMigrations: readonly Migration[] = [
  ...doctypeTables,
  { name: 'doctypes-core', up: async (connection, dialect) => void (await followReleaseWithin(connection, dialect)) },
]
