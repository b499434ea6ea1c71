import { dialectOf, keptQuery, type Connection as SqlConnection, type Database } from '@annex/database'
import type { ConnectionPage, ConnectionState, ConnectionStore, IdlePage, StoredConnection } from '../connector-store.ts'
import { tablesOf, type ConnectionRow } from './tables.ts'

/** Rows that one transaction moves: whoever writes has a turn between two. */
const MOVED = 50

export class SqlConnections implements ConnectionStore {
  readonly #database: Database
  readonly #tenant: string

  constructor(database: Database, tenant: string) {
    this.#database = database
    this.#tenant = tenant
  }

  async read(id: string): Promise<StoredConnection | undefined> {
    const [row] = await connectionById(this.#database.connection, { tenant: this.#tenant, id })
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

  async list({ after = '', limit, only }: ConnectionPage): Promise<StoredConnection[]> {
    const all = this.#select().where('id', '>', after)
    // connector_connection_untold, connector_connection_unforgotten or connector_connection_page
    const query = only === undefined ? all : all.where(only, 'is not', null)
    return (await query.orderBy('id').limit(limit).execute()).map(fromRow)
  }

  async idle({ after, limit, renewedBefore }: IdlePage): Promise<StoredConnection[]> {
    const all = this.#select().where('sealed', 'is not', null).where('renewed_at', '<', renewedBefore)
    const query =
      after === undefined ? all : all.where((row) => row(row.refTuple('renewed_at', 'id'), '>', row.tuple(after.renewedAt, after.id)))
    // connector_connection_idle
    return (await query.orderBy('renewed_at').orderBy('id').limit(limit).execute()).map(fromRow)
  }

  async move(fromIssuer: string, toIssuer: string): Promise<number> {
    for (let all = 0; ;) {
      const moved = await this.#database
        .transaction((connection) => this.#moveSome(connection, fromIssuer, toIssuer))
        .catch((error: unknown) => this.#noneWhenBeaten(error))
      if (moved === undefined) return all
      all += moved
      await new Promise(setImmediate)
    }
  }

  /** Somebody has signed in at the new issuer since they were found missing there. The next look leaves them out, and moves the others. */
  #noneWhenBeaten(error: unknown): number {
    if (dialectOf(this.#database.engine).uniqueViolation(error) === undefined) throw error
    return 0
  }

  /**
   * Waits for rows that somebody writes: one that is being renewed belongs to the old issuer as well. Gives how many it moved;
   * undefined when nobody was left to move.
   */
  async #moveSome(connection: SqlConnection, fromIssuer: string, toIssuer: string): Promise<number | undefined> {
    const tables = tablesOf(connection)
    const query = tables.selectFrom('connector_connection').select('id').where('tenant', '=', this.#tenant).where('issuer', '=', fromIssuer)
    const moving = query.where((row) => {
      const there = row.selectFrom('connector_connection as there').select('there.id').where('there.tenant', '=', this.#tenant)
      const same = there.whereRef('there.subject', '=', 'connector_connection.subject')
      return row.not(row.exists(same.where('there.issuer', '=', toIssuer)))
    })
    // connector_connection_person, for the rows and for each of them
    const found = await moving.orderBy('subject').limit(MOVED).modifyEnd(dialectOf(this.#database.engine).lockRows).execute()
    if (found.length === 0) return undefined
    const ids = found.map(({ id }) => id)
    // primary key
    const moved = await tables
      .updateTable('connector_connection')
      .set((row) => ({ issuer: toIssuer, version: row('version', '+', 1) }))
      .where('tenant', '=', this.#tenant)
      .where('id', 'in', ids)
      .returning('id')
      .execute()
    return moved.length
  }

  /** A refresh token that was exchanged and is then forgotten is shown to the site again, which ends the grant as a stolen one. */
  #writeThrough(write: (connection: SqlConnection) => Promise<boolean>): Promise<boolean> {
    return this.#database.transaction(write, { durable: true })
  }

  #select() {
    return tablesOf(this.#database.connection).selectFrom('connector_connection').selectAll().where('tenant', '=', this.#tenant)
  }

  #toRow({ issuedAt, expiresAt, scopes, stateAt, unforgotten, retryAt, renewedAt, ...row }: StoredConnection): ConnectionRow {
    return {
      ...row,
      tenant: this.#tenant,
      scopes: scopes.join(' '),
      issued_at: issuedAt,
      expires_at: expiresAt,
      state_at: stateAt,
      unforgotten: unforgotten ? 1 : null,
      retry_at: retryAt,
      renewed_at: renewedAt,
    }
  }
}

/** Every call to the site asks for it. */
const connectionById = keptQuery<{ readonly tenant: string; readonly id: string }, ConnectionRow>((connection, { tenant, id }) =>
  // primary key
  tablesOf(connection).selectFrom('connector_connection').selectAll().where('tenant', '=', tenant).where('id', '=', id),
)

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
  unforgotten: row.unforgotten !== null,
  failures: row.failures,
  retryAt: row.retry_at,
  renewedAt: row.renewed_at,
})
