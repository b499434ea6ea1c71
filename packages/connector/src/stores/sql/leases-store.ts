import { few, type Database } from '@annex/database'
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
    // connector_lease_end; of any tenant, since nobody may ask for a name again
    const over = tables.selectFrom('connector_lease').where('expires_at', '<=', nowMs(this.#database)).orderBy('expires_at')
    await tables.deleteFrom('connector_lease').where(few(this.#database, over)).execute()
    const mine = { holder, expires_at: nowMs(this.#database, leaseMs) }
    // primary key; another holder's live lease is left alone, and then no row comes back
    const got = await tables
      .insertInto('connector_lease')
      .values({ tenant: this.#tenant, name, ...mine })
      .onConflict((conflict) =>
        conflict.columns(['tenant', 'name']).doUpdateSet(mine).where('connector_lease.expires_at', '<=', nowMs(this.#database)),
      )
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
