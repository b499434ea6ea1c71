import type { Connection, Dialect, Migration } from '@annex/database'
import { sql } from 'kysely'

async function noteChanges(connection: Connection, dialect: Dialect): Promise<void> {
  const time = sql.raw(dialect.columnType('micros'))
  await sql`alter table signing_key add column changed ${time} not null default 0`.execute(connection)
  await sql`update signing_key set changed = created`.execute(connection)
}

/** Since when a key is next, current or retired. */
export const keyMigrations: readonly Migration[] = [{ name: 'oauth keys 1: since when a key is in its state', up: noteChanges }]
