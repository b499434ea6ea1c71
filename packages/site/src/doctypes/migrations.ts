import type { Connection, Dialect, Migration } from '@annex/database'
import { sql } from 'kysely'
import { coreDocTypes } from './core-doctypes.ts'
import { insertCoreDefinitions, insertRow } from './doctype-store.ts'
import { createTable } from './tables.ts'
import { Clock } from './values/clock.ts'

/** Roles that everyone has by what they are, and the one that rules the site. */
const ROLES = ['Administrator', 'System Manager', 'Desk User', 'All', 'Guest']

async function createCore(connection: Connection, dialect: Dialect): Promise<void> {
  const now = new Clock().now()
  for (const doctype of coreDocTypes.filter(({ virtual }) => !virtual)) await createTable(connection, dialect, doctype)
  await insertCoreDefinitions(connection, now)
  for (const role of ROLES)
    await insertRow(
      connection,
      'Role',
      role,
      { role_name: role, desk_access: role === 'System Manager' || role === 'Desk User' ? 1 : 0 },
      { now },
    )
}

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

/** The tables of the DocTypes that come with the site, their definitions as documents, and the counters of naming series. */
export const doctypeMigrations: readonly Migration[] = [
  { name: 'doctypes-naming-series', up: createSeries },
  { name: 'doctypes-former-fields', up: createFormerFields },
  { name: 'doctypes-core', up: createCore },
]
