import type { Connection as SqlConnection, Database } from '@annex/database'
import type { ConnectionPage, ConnectionState, ConnectionStore, StoredConnection } from '../connector-store.ts'
import { tablesOf, type ConnectionRow } from './tables.ts'

export class SqlConnections implements ConnectionStore {
  readonly #database: Database
  readonly #tenant: string

  constructor(database: Database, tenant: string) {
    this.#database = database
    this.#tenant = tenant
  }

  async read(id: string): Promise<StoredConnection | undefined> {
    // primary key
    const row = await this.#select().where('id', '=', id).executeTakeFirst()
    return row && fromRow(row)
  }

  async find(issuer: string, subject: string): Promise<StoredConnection | undefined> {
    // connector_connection_person
    const row = await this.#select().where('issuer', '=', issuer).where('subject', '=', subject).executeTakeFirst()
    return row && fromRow(row)
  }

  async insert(row: StoredConnection): Promise<boolean> {
    return this.#writeThrough(async (connection) => {
      const query = tablesOf(connection).insertInto('connector_connection').values(this.#toRow(row))
      // primary key and connector_connection_person
      const written = await query
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .execute()
      return written.length === 1
    })
  }

  async compareAndSwap(next: StoredConnection): Promise<boolean> {
    return this.#writeThrough(async (connection) => {
      const query = tablesOf(connection).updateTable('connector_connection').set(this.#toRow(next))
      // primary key; the version makes it a guarded statement
      const written = await query
        .where('tenant', '=', this.#tenant)
        .where('id', '=', next.id)
        .where('version', '=', next.version - 1)
        .returning('id')
        .execute()
      return written.length === 1
    })
  }

  async remove(id: string, version: number): Promise<boolean> {
    const query = tablesOf(this.#database.connection).deleteFrom('connector_connection').where('tenant', '=', this.#tenant)
    // primary key
    return (await query.where('id', '=', id).where('version', '=', version).returning('id').execute()).length === 1
  }

  async list({ after = '', limit, untold, renewedBefore }: ConnectionPage): Promise<StoredConnection[]> {
    let query = this.#select().where('id', '>', after)
    // connector_connection_untold
    if (untold !== undefined) query = query.where('untold', 'is not', null)
    // connector_connection_idle on PostgreSQL, which counts rows; else connector_connection_page, read from end to end
    if (renewedBefore !== undefined) query = query.where('sealed', 'is not', null).where('renewed_at', '<', renewedBefore)
    // connector_connection_page
    return (await query.orderBy('id').limit(limit).execute()).map(fromRow)
  }

  async move(fromIssuer: string, toIssuer: string): Promise<number> {
    return this.#database.transaction(async (connection) => {
      const tables = tablesOf(connection)
      const there = tables.selectFrom('connector_connection').select('subject').where('tenant', '=', this.#tenant)
      // connector_connection_person, for the rows and for the subquery
      const query = tables
        .updateTable('connector_connection')
        .set((row) => ({ issuer: toIssuer, version: row('version', '+', 1) }))
        .where('tenant', '=', this.#tenant)
        .where('issuer', '=', fromIssuer)
        .where('subject', 'not in', there.where('issuer', '=', toIssuer))
      return (await query.returning('id').execute()).length
    })
  }

  /** A refresh token that was exchanged and is then forgotten is shown to the site again, which ends the grant as a stolen one. */
  #writeThrough(write: (connection: SqlConnection) => Promise<boolean>): Promise<boolean> {
    return this.#database.transaction(write, { durable: true })
  }

  #select() {
    return tablesOf(this.#database.connection).selectFrom('connector_connection').selectAll().where('tenant', '=', this.#tenant)
  }

  #toRow({ issuedAt, expiresAt, scopes, stateAt, retryAt, renewedAt, ...row }: StoredConnection): ConnectionRow {
    return {
      ...row,
      tenant: this.#tenant,
      scopes: scopes.join(' '),
      issued_at: issuedAt,
      expires_at: expiresAt,
      state_at: stateAt,
      retry_at: retryAt,
      renewed_at: renewedAt,
    }
  }
}

const fromRow = (row: ConnectionRow): StoredConnection => ({
  id: row.id,
  version: row.version,
  issuer: row.issuer,
  subject: row.subject,
  name: row.name,
  email: row.email,
  scopes: row.scopes.split(' ').filter((scope) => scope !== ''),
  sealed: row.sealed,
  issuedAt: row.issued_at,
  expiresAt: row.expires_at,
  // Only states are written.
  state: row.state as ConnectionState,
  reason: row.reason,
  stateAt: row.state_at,
  untold: row.untold as ConnectionState | null,
  failures: row.failures,
  retryAt: row.retry_at,
  renewedAt: row.renewed_at,
})
