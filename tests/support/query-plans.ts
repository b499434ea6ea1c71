import type { Database } from '@annex/database'
import { sql, type CompiledQuery, type DatabaseConnection } from 'kysely'
import pg from 'pg'
import { vi } from 'vitest'
import { runsOn } from '../../packages/database/src/connections/kept-query.ts'

/**
 * Runs work and tells how the engine goes about each statement that reads, changes or removes rows on the database's own connection:
 * text that names indexes and says `Sort` or `TEMP B-TREE` where rows are sorted. PostgreSQL reads no table from end to end for it,
 * though it is a small one.
 *
 * @param options.isFree PostgreSQL chooses as it would in earnest: the tables are large, and their rows counted
 */
export async function plansOf(
  database: Database,
  work: () => Promise<unknown>,
  { isFree = false }: { readonly isFree?: boolean } = {},
): Promise<string[]> {
  // Kept statements go the way of all others from now on, so that they are seen.
  runsOn(database.connection, database.connection as unknown as DatabaseConnection)
  const spy = vi.spyOn(database.connection.getExecutor(), 'executeQuery')
  try {
    await work()
    const statements = spy.mock.calls.map(([query]) => query)
    spy.mockRestore()
    const plans: string[] = []
    for (const statement of statements.filter((query) => /^\s*(select|update|delete)\b/.test(query.sql)))
      plans.push(await planOf(database, statement, isFree))
    return plans
  } finally {
    spy.mockRestore()
  }
}

const planOf = (database: Database, statement: CompiledQuery, isFree: boolean): Promise<string> =>
  database.transaction(async (connection) => {
    const isPostgres = database.engine === 'postgres'
    if (isPostgres && !isFree) await sql`set local enable_seqscan = off`.execute(connection)
    const explained = { ...statement, sql: `${isPostgres ? 'explain' : 'explain query plan'} ${statement.sql}` }
    return JSON.stringify((await connection.executeQuery(explained)).rows)
  })

/** Has PostgreSQL count the rows of all tables, by which it chooses its plans. */
export async function analyze(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('analyze')
  await client.end()
}
