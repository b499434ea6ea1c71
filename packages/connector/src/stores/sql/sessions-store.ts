import { few, fewAtATime, keptQuery, type Database } from '@annex/database'
import type { SessionStore, StoredSession } from '../connector-store.ts'
import { tablesOf, type SessionRow } from './tables.ts'

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
    const [row] = await openSession(this.#database.connection, { tenant: this.#tenant, hash, now })
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

  async connectionsOf(sid: string): Promise<readonly string[]> {
    const query = tablesOf(this.#database.connection)
      .selectFrom('connector_session')
      .select('connection')
      .where('tenant', '=', this.#tenant)
    // connector_session_site
    return [...new Set((await query.where('sid', '=', sid).execute()).map(({ connection }) => connection))]
  }

  async sweep(now: number): Promise<number> {
    const query = tablesOf(this.#database.connection).selectFrom('connector_session').where('tenant', '=', this.#tenant)
    // connector_session_end
    const over = query.where('expires_at', '<=', now).orderBy('expires_at')
    const some = tablesOf(this.#database.connection).deleteFrom('connector_session').where(few(this.#database, over))
    return fewAtATime(some.returning('hash'))
  }

  #delete() {
    return tablesOf(this.#database.connection).deleteFrom('connector_session').where('tenant', '=', this.#tenant)
  }
}

/** Every page that somebody opens asks for it. */
const openSession = keptQuery<{ readonly tenant: string; readonly hash: string; readonly now: number }, SessionRow>(
  (connection, { tenant, hash, now }) => {
    const query = tablesOf(connection).selectFrom('connector_session').selectAll().where('tenant', '=', tenant)
    // primary key
    return query.where('hash', '=', hash).where('expires_at', '>', now)
  },
)
