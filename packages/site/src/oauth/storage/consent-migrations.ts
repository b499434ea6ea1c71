import type { Connection, Dialect, Migration } from '@annex/database'
import { sql } from 'kysely'

async function widenGrants(connection: Connection, dialect: Dialect): Promise<void> {
  for (const column of ['sets', 'details'])
    await sql`alter table oauth_grant add column ${sql.id(column)} ${sql.raw(dialect.columnType('text'))}`.execute(connection)
}

/** What was asked for at consent besides scopes. */
export const consentMigrations: readonly Migration[] = [{ name: 'oauth consent 1: sets and details of grants', up: widenGrants }]
