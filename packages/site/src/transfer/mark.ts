import { dialectOf } from '@annex/database'
import type { Database } from '@annex/database'
import { sql } from 'kysely'

/** A table that stands in a database from the beginning of a copy into it to the end. */
const MARK = 'unfinished_copy'

export const isUnfinished = (database: Database): Promise<boolean> => dialectOf(database.engine).tableExists(database.connection, MARK)

/** Before anything else is written; what replaces the database's tables takes the mark away with them. */
export async function markUnfinished(database: Database): Promise<void> {
  await database.transaction(
    async (connection) =>
      void (await sql`create table if not exists ${sql.id(MARK)} (id ${sql.raw(dialectOf(database.engine).columnType('int'))} primary key)`.execute(
        connection,
      )),
    { durable: true },
  )
}

/** @throws {Error} one sentence, when a copy into this database was interrupted */
export async function refuseUnfinished(database: Database): Promise<void> {
  if (await isUnfinished(database))
    throw new Error(
      `The copy into the database ${database.place} did not end, so it holds no whole site: run annex copy again, which begins it anew`,
    )
}
