import { migrate, openDatabase, type Connection, type Database } from '@annex/database'
import type { ConnectionStore, LeaseStore, LinkStore, SeenLink, SessionStore, StoredConnection, StoredSession } from './connector-store.ts'
import { connectorMigrations } from './sql-migrations.ts'
import type { SqlStore } from './sql.ts'

type ConnectionRow = {
  id: string
  version: number
  issuer: string
  subject: string
  name: string
  email: string | null
  /** Apart by spaces, as on the wire. */
  scopes: string
  sealed: string | null
  issued_at: number
  expires_at: number
}

type LinkRow = {
  connection: string
  doctype: string
  filters: string
  value: string
  label: string
  description: string
  seen_at: number
}

type Tables = {
  connector_connection: ConnectionRow
  connector_lease: { name: string; holder: string; expires_at: number }
  connector_session: { hash: string; connection: string; expires_at: number }
  connector_link: LinkRow
}

const tablesOf = (connection: Connection) => connection.withTables<Tables>()

/** @throws {Error} one sentence, when the database cannot be opened */
export async function openStore(url: string): Promise<SqlStore> {
  const database = await openDatabase(url)
  try {
    await migrate(database, connectorMigrations)
  } catch (error) {
    await database.close()
    throw error
  }
  return {
    connections: new SqlConnections(database),
    leases: new SqlLeases(database),
    sessions: new SqlSessions(database),
    links: new SqlLinks(database),
    close: () => database.close(),
  }
}

class SqlConnections implements ConnectionStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async read(id: string): Promise<StoredConnection | undefined> {
    // primary key
    const row = await tablesOf(this.#database.connection).selectFrom('connector_connection').selectAll().where('id', '=', id).executeTakeFirst()
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
    return (await query.onConflict((conflict) => conflict.doNothing()).returning('id').execute()).length === 1
  }

  async compareAndSwap(next: StoredConnection): Promise<boolean> {
    const query = tablesOf(this.#database.connection).updateTable('connector_connection').set(toRow(next))
    // primary key; the version makes it a guarded statement
    const written = await query.where('id', '=', next.id).where('version', '=', next.version - 1).returning('id').execute()
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

class SqlLeases implements LeaseStore {
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
    return (await query.onConflict((conflict) => conflict.column('name').doNothing()).returning('name').execute()).length === 1
  }

  async release(name: string, holder: string): Promise<void> {
    // primary key
    await tablesOf(this.#database.connection).deleteFrom('connector_lease').where('name', '=', name).where('holder', '=', holder).execute()
  }
}

class SqlSessions implements SessionStore {
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

class SqlLinks implements LinkStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async remember(connection: string, doctype: string, filters: string, links: readonly SeenLink[]): Promise<void> {
    if (links.length === 0) return
    const rows = [...new Map(links.map((link) => [link.value, link])).values()].map(({ seenAt, ...link }) => ({ connection, doctype, filters, ...link, seen_at: seenAt }))
    const query = tablesOf(this.#database.connection).insertInto('connector_link').values(rows)
    // primary key
    await query
      .onConflict((conflict) =>
        conflict.columns(['connection', 'doctype', 'value', 'filters']).doUpdateSet((row) => ({
          label: row.ref('excluded.label'),
          description: row.ref('excluded.description'),
          seen_at: row.ref('excluded.seen_at'),
        })),
      )
      .execute()
  }

  async list(connection: string, doctype: string, filters: string, limit: number): Promise<SeenLink[]> {
    const query = tablesOf(this.#database.connection).selectFrom('connector_link').selectAll().where('connection', '=', connection)
    // connector_link_recent
    const rows = await query.where('doctype', '=', doctype).where('filters', '=', filters).orderBy('seen_at', 'desc').orderBy('value').limit(limit).execute()
    return rows.map(toSeen)
  }

  async resolve(connection: string, doctype: string, values: readonly string[]): Promise<SeenLink[]> {
    if (values.length === 0) return []
    const query = tablesOf(this.#database.connection).selectFrom('connector_link').selectAll().where('connection', '=', connection)
    // primary key
    const rows = await query.where('doctype', '=', doctype).where('value', 'in', values).orderBy('seen_at').execute()
    return [...new Map(rows.map((row) => [row.value, toSeen(row)])).values()]
  }

  async removeAll(connection: string): Promise<void> {
    // primary key
    await tablesOf(this.#database.connection).deleteFrom('connector_link').where('connection', '=', connection).execute()
  }
}

const toSeen = ({ value, label, description, seen_at }: LinkRow): SeenLink => ({ value, label, description, seenAt: seen_at })

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
