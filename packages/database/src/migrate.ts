import { sql } from 'kysely'
import type { Connection, Database } from './database.ts'
import { dialectOf } from './dialect-of.ts'
import type { Dialect } from './dialect.ts'

/** One step of the schema. Its name is stored once it has run, so it must never change. */
export interface Migration {
  readonly name: string
  up(connection: Connection, dialect: Dialect): Promise<void>
}

type Tables = { migration: { name: string; applied: number } }

/**
 * Runs those migrations that have not run yet, in order, each in a transaction of its own.
 *
 * Of two processes that migrate at once, one waits for the other at each step.
 *
 * @returns the names of those that this call ran
 * @throws {Error} one sentence with the migration's name; the steps before it stay
 */
export async function migrate(database: Database, migrations: readonly Migration[]): Promise<string[]> {
  const dialect = dialectOf(database.engine)
  const known = await appliedNames(database.connection, dialect)
  const ran: string[] = []
  for (const migration of migrations) {
    if (known.has(migration.name)) continue
    if (await database.transaction((connection) => runOnce(connection, dialect, migration), { durable: true })) ran.push(migration.name)
  }
  return ran
}

/**
 * Runs those migrations that have not run yet, in order, inside the caller's transaction: all or none.
 *
 * @returns the names of those that this call ran
 */
export async function migrateWithin(connection: Connection, dialect: Dialect, migrations: readonly Migration[]): Promise<string[]> {
  const ran: string[] = []
  for (const migration of migrations) if (await runOnce(connection, dialect, migration)) ran.push(migration.name)
  return ran
}

async function runOnce(connection: Connection, dialect: Dialect, migration: Migration): Promise<boolean> {
  await dialect.lockMigrations(connection)
  const table = sql`create table if not exists migration (name ${sql.raw(dialect.columnType('key'))} primary key, applied ${sql.raw(dialect.columnType('micros'))} not null)`
  await table.execute(connection)
  if ((await appliedNames(connection, dialect)).has(migration.name)) return false
  try {
    await migration.up(connection, dialect)
  } catch (error) {
    throw new Error(`Migration ${migration.name} failed and was undone: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
  await connection
    .withTables<Tables>()
    .insertInto('migration')
    .values({ name: migration.name, applied: Date.now() * 1000 })
    .execute()
  return true
}

async function appliedNames(connection: Connection, dialect: Dialect): Promise<Set<string>> {
  if (!(await dialect.tableExists(connection, 'migration'))) return new Set()
  const rows = await connection.withTables<Tables>().selectFrom('migration').select('name').execute()
  return new Set(rows.map((row) => row.name))
}
