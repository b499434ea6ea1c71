import type { Database } from '@annex/database'
import type { ConnectionStore, StoredConnection } from '../connector-store.ts'
import { tablesOf, type ConnectionRow } from './tables.ts'

export class SqlConnections implements ConnectionStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async read(id: string): Promise<StoredConnection | undefined> {
    // primary key
    const row = await tablesOf(this.#database.connection)
      .selectFrom('connector_connection')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst()
    return row && fromRow(row)
  }

  async find(issuer: string, subject: string): Promise<StoredConnection | undefined> {
    const query = tablesOf(this.#database.connection).selectFrom('connector_connection').selectAll()
    // connector_connection_person
    const row = await query.where('issuer', '=', issuer).where('subject', '=', subject).executeTakeFirst()
    return row && fromRow(row)
  }

  async insert(connection: StoredConnection): Promise<boolean> {
    const query = tablesOf(this.#database.connection).insertInto('connector_connection').values(toRow(connection))
    // primary key and connector_connection_person
    return (
      (
        await query
          .onConflict((conflict) => conflict.doNothing())
          .returning('id')
          .execute()
      ).length === 1
    )
  }

  async compareAndSwap(next: StoredConnection): Promise<boolean> {
    const query = tablesOf(this.#database.connection).updateTable('connector_connection').set(toRow(next))
    // primary key; the version makes it a guarded statement
    const written = await query
      .where('id', '=', next.id)
      .where('version', '=', next.version - 1)
      .returning('id')
      .execute()
    return written.length === 1
  }

  async remove(id: string): Promise<void> {
    // primary key
    await tablesOf(this.#database.connection).deleteFrom('connector_connection').where('id', '=', id).execute()
  }

  async move(fromIssuer: string, toIssuer: string): Promise<number> {
    return this.#database.transaction(async (connection) => {
      const tables = tablesOf(connection)
      const there = tables.selectFrom('connector_connection').select('subject').where('issuer', '=', toIssuer)
      // connector_connection_person, for the rows and for the subquery
      const query = tables.updateTable('connector_connection').set((row) => ({ issuer: toIssuer, version: row('version', '+', 1) }))
      return (await query.where('issuer', '=', fromIssuer).where('subject', 'not in', there).returning('id').execute()).length
    })
  }
}

const toRow = ({ issuedAt, expiresAt, scopes, ...row }: StoredConnection): ConnectionRow => ({
  ...row,
  scopes: scopes.join(' '),
  issued_at: issuedAt,
  expires_at: expiresAt,
})

const fromRow = ({ issued_at, expires_at, scopes, ...row }: ConnectionRow): StoredConnection => ({
  ...row,
  scopes: scopes.split(' ').filter((scope) => scope !== ''),
  issuedAt: issued_at,
  expiresAt: expires_at,
})
