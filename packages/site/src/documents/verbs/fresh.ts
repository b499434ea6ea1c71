import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection, Database, TransactionOptions } from '@annex/database'
import { FrappeError } from '@annex/protocol'
import { readDefinitionsVersion } from '../../doctypes/doctype-store.ts'
import type { Premises } from '../premises.ts'

/** A DocType was changed while something was written by its old definition. */
class StaleDefinition extends Error {
  override readonly name = 'StaleDefinition'
}

const ATTEMPTS = 20
/** Milliseconds: transactions that share a commit of SQLite see each other a little before the registry does. */
const PAUSE = 5

/**
 * Runs a verb that writes; when a DocType was changed meanwhile, by this process or another, what it wrote is undone, the
 * definitions are read again, and it runs once more.
 *
 * The version is looked at after the writes and before the commit: on PostgreSQL a table that was written cannot change
 * its columns until then, and a change that came before shows.
 *
 * @throws {FrappeError} 503 when DocTypes are changed again and again
 */
export async function withFreshDefinitions<T>(premises: Premises, verb: (premises: Premises) => Promise<T>): Promise<T> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const { version } = premises.doctypes
    try {
      return await verb({ ...premises, database: fenced(premises.database, version) })
    } catch (error) {
      if (!(await isStale(premises, version, error))) throw error
      await premises.doctypes.load()
      if (premises.doctypes.version === version) await sleep(PAUSE)
    }
  }
  throw new FrappeError('SessionStopped', 'DocTypes are being changed; try again in a moment')
}

/** What an old definition runs into (a column of another type) is no answer for the caller, who knows nothing of it. */
async function isStale({ database }: Premises, version: number, error: unknown): Promise<boolean> {
  if (error instanceof StaleDefinition) return true
  return !(error instanceof FrappeError) && (await readDefinitionsVersion(database.connection)) !== version
}

function fenced(database: Database, version: number): Database {
  return {
    engine: database.engine,
    place: database.place,
    connection: database.connection,
    transaction: <T>(work: (connection: Connection) => Promise<T>, options?: TransactionOptions): Promise<T> =>
      database.transaction(async (connection) => {
        const result = await work(connection)
        if ((await readDefinitionsVersion(connection)) !== version) throw new StaleDefinition('A DocType has changed')
        return result
      }, options),
    snapshot: (work) => database.snapshot(work),
    close: () => database.close(),
  }
}
