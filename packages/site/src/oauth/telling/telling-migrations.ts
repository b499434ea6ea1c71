import type { Connection, Dialect, Migration } from '@annex/database'
import { sql } from 'kysely'

async function createSecrets(connection: Connection, dialect: Dialect): Promise<void> {
  const type = (kind: Parameters<Dialect['columnType']>[0]) => sql.raw(dialect.columnType(kind))
  await sql`create table oauth_event_secret (
    id ${type('key')} not null primary key,
    client ${type('key')} not null,
    key_id ${type('key')} not null,
    sealed ${type('text')} not null,
    created ${type('micros')} not null,
    expires ${type('micros')}
  )`.execute(connection)
  await dialect.createIndex('oauth_event_secret', ['client', 'created']).execute(connection)
}

/** What events of apps are signed with. */
export const tellingMigrations: readonly Migration[] = [{ name: 'oauth telling 1: secrets of events', up: createSecrets }]
