import { migrate, openDatabase, type Database } from '@annex/database'
import type { ConnectorStore, TenantStore } from '../connector-store.ts'
import { SqlConnections } from './connections-store.ts'
import { SqlDocnames } from './docnames-store.ts'
import { SqlInbox } from './inbox-store.ts'
import { SqlLeases } from './leases-store.ts'
import { connectorMigrations } from './migrations/migrations.ts'
import { SqlRegistrations } from './registrations-store.ts'
import { SqlSessions } from './sessions-store.ts'
import { tablesOf } from './tables.ts'

/** A store in a database, to be closed when the app ends. */
export interface SqlStore extends ConnectorStore {
  close(): Promise<void>
  /** Every tenant of which something sealed is stored. */
  tenants(): Promise<string[]>
}

/** @throws {Error} one sentence, when the database cannot be opened */
export async function openStore(url: string): Promise<SqlStore> {
  const database = await openDatabase(url, { setting: 'store' })
  try {
    await migrate(database, connectorMigrations)
  } catch (error) {
    await database.close()
    throw error
  }
  return {
    of: (tenant) => openTenant(database, tenant),
    durable: true,
    close: () => database.close(),
    tenants: () => listTenants(database),
  }
}

const openTenant = (database: Database, tenant: string): TenantStore => ({
  connections: new SqlConnections(database, tenant),
  leases: new SqlLeases(database, tenant),
  sessions: new SqlSessions(database, tenant),
  docnames: new SqlDocnames(database, tenant),
  inbox: new SqlInbox(database, tenant),
  registrations: new SqlRegistrations(database, tenant),
})

/** Of an operator's command alone. */
async function listTenants({ connection }: Database): Promise<string[]> {
  const tables = tablesOf(connection)
  // connector_connection_page and the primary key, both read from end to end
  const connected = tables.selectFrom('connector_connection').select('tenant').distinct()
  const rows = await connected.union(tables.selectFrom('connector_registration').select('tenant').distinct()).execute()
  return rows.map((row) => row.tenant).toSorted()
}
