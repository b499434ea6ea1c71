import type { Database } from '@annex/database'
import type { SessionStore, StoredSession } from '../connector-store.ts'
import { tablesOf } from './tables.ts'

export class SqlSessions implements SessionStore {
  readonly #database: Database
  readonly #tenant: string

  constructor(database: Database, tenant: string) {
    this.#database = database
    this.#tenant = tenant
  }

  async insert({ hash, connection, expiresAt, sid }: StoredSession): Promise<void> {
    const row = { tenant: this.#tenant, hash, connection, expires_at: expiresAt, sid }
    // primary key
    await tablesOf(this.#database.connection).insertInto('connector_session').values(row).execute()
  }

  async read(hash: string, now: number): Promise<StoredSession | undefined> {
    const query = tablesOf(this.#database.connection).selectFrom('connector_session').selectAll().where('tenant', '=', this.#tenant)
    // primary key
    const row = await query.where('hash', '=', hash).where('expires_at', '>', now).executeTakeFirst()
    return row && { hash: row.hash, connection: row.connection, expiresAt: row.expires_at, sid: row.sid }
  }

  async remove(hash: string): Promise<void> {
    // primary key
    await this.#delete().where('hash', '=', hash).execute()
  }

  async removeAll(connection: string, sid?: string): Promise<number> {
    // connector_session_connection
    const query = this.#delete().where('connection', '=', connection).returning('hash')
    return (await (sid === undefined ? query : query.where('sid', '=', sid)).execute()).length
  }

  async sweep(now: number): Promise<number> {
    // connector_session_end
    return (await this.#delete().where('expires_at', '<=', now).returning('hash').execute()).length
  }

  #delete() {
    return tablesOf(this.#database.connection).deleteFrom('connector_session').where('tenant', '=', this.#tenant)
  }
}
