import { sql } from 'kysely'
import type { Connection } from './database.ts'
import { generationMigration } from './generation.ts'
import type { Migration } from './migrate.ts'

/** What `Dialect` and `Generation` need; to be run before all other migrations. */
export const databaseMigrations: readonly Migration[] = [
  {
    name: 'database-functions',
    async up(connection, dialect) {
      if (dialect.engine === 'postgres') await createFunctions(connection)
    },
  },
  generationMigration,
]

async function createFunctions(connection: Connection): Promise<void> {
  const { rows } = await sql`select 1 from pg_collation where collname = 'und-x-icu'`.execute(connection)
  // A server built without ICU folds as its own locale does.
  const lower = rows.length > 0 ? 'lower($1 collate "und-x-icu")' : 'lower($1)'
  for (const text of [
    `create function annex_fold(text) returns text language sql immutable parallel safe as $$ select translate(${lower}, 'ς', 'σ') $$`,
    // Numbers may be searched as text too, written as SQLite writes them.
    `create function annex_fold(bigint) returns text language sql immutable parallel safe as $$ select $1::text $$`,
    `create function annex_fold(numeric) returns text language sql immutable parallel safe as $$ select trim_scale($1)::text $$`,
    // Whole-number division throughout: a quotient that is rounded twice may be a billionth off.
    `create function annex_average(total numeric, n bigint) returns numeric language sql immutable parallel safe
      as $$ select case when n > 0 then sign(total) * div(abs(total) * 2000000000 + n, 2 * n) * 0.000000001 end $$`,
  ])
    await sql.raw(text).execute(connection)
}
