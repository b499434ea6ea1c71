import type { Database } from '@annex/database'
import type { LeaseStore } from '../connector-store.ts'
import { tablesOf } from './tables.ts'

export class SqlLeases implements LeaseStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async acquire(name: string, holder: string, now: number, leaseMs: number): Promise<boolean> {
    const tables = tablesOf(this.#database.connection)
    const lease = { holder, expires_at: now + leaseMs }
    // connector_lease_end
    await tables.deleteFrom('connector_lease').where('expires_at', '<=', now).execute()
    // primary key; another holder's live lease is left alone, and then no row comes back
    const query = tables.insertInto('connector_lease').values({ name, ...lease })
    return (
      (
        await query
          .onConflict((conflict) => conflict.column('name').doNothing())
          .returning('name')
          .execute()
      ).length === 1
    )
  }

  async release(name: string, holder: string): Promise<void> {
    // primary key
    await tablesOf(this.#database.connection).deleteFrom('connector_lease').where('name', '=', name).where('holder', '=', holder).execute()
  }
}
