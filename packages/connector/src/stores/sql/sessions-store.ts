import type { Database } from '@annex/database'
import type { SessionStore, StoredSession } from '../connector-store.ts'
import { tablesOf } from './tables.ts'

export class SqlSessions implements SessionStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async insert(session: StoredSession): Promise<void> {
    const row = { hash: session.hash, connection: session.connection, expires_at: session.expiresAt }
    // primary key
    await tablesOf(this.#database.connection).insertInto('connector_session').values(row).execute()
  }

  async read(hash: string, now: number): Promise<StoredSession | undefined> {
    const query = tablesOf(this.#database.connection).selectFrom('connector_session').selectAll()
    // primary key
    const row = await query.where('hash', '=', hash).where('expires_at', '>', now).executeTakeFirst()
    return row && { hash: row.hash, connection: row.connection, expiresAt: row.expires_at }
  }

  async remove(hash: string): Promise<void> {
    // primary key
    await tablesOf(this.#database.connection).deleteFrom('connector_session').where('hash', '=', hash).execute()
  }

  async removeAll(connection: string): Promise<void> {
    // connector_session_connection
    await tablesOf(this.#database.connection).deleteFrom('connector_session').where('connection', '=', connection).execute()
  }
}
