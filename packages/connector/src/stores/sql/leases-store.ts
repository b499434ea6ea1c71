import type { Database } from '@annex/database'
import type { LeaseStore } from '../connector-store.ts'
import { nowMs } from './now-ms.ts'
import { tablesOf } from './tables.ts'

export class SqlLeases implements LeaseStore {
  readonly #database: Database
  readonly #tenant: string

  constructor(database: Database, tenant: string) {
    this.#database = database
    this.#tenant = tenant
  }

  async acquire(name: string, holder: string, leaseMs: number): Promise<boolean> {
    const tables = tablesOf(this.#database.connection)
    // connector_lease_end
    await tables.deleteFrom('connector_lease').where('expires_at', '<=', nowMs(this.#database)).execute()
    // primary key; another holder's live lease is left alone, and then no row comes back
    const got = await tables
      .insertInto('connector_lease')
      .values({ tenant: this.#tenant, name, holder, expires_at: nowMs(this.#database, leaseMs) })
      .onConflict((conflict) => conflict.columns(['tenant', 'name']).doNothing())
      .returning('name')
      .execute()
    return got.length === 1
  }

  async release(name: string, holder: string): Promise<void> {
    const query = tablesOf(this.#database.connection).deleteFrom('connector_lease').where('tenant', '=', this.#tenant)
    // primary key
    await query.where('name', '=', name).where('holder', '=', holder).execute()
  }
}
