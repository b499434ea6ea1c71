import type { Connection, Dialect, Migration } from '@annex/database'
import { sql } from 'kysely'

async function createAudit(connection: Connection, dialect: Dialect): Promise<void> {
  const [key, short, text, time] = (['key', 'short', 'text', 'micros'] as const).map((kind) => sql.raw(dialect.columnType(kind)))
  await sql`create table audit (id ${key} not null primary key, at ${time} not null, event ${short} not null, "user" ${key}, client ${key}, grant_id ${key}, ip ${short}, detail ${text})`.execute(
    connection,
  )
  await dialect.createIndex('audit', ['at']).execute(connection)
  await dialect.createIndex('audit', ['user', 'at']).execute(connection)
}

/** The trail's table. */
export const auditMigrations: readonly Migration[] = [{ name: 'audit 1: trail', up: createAudit }]
