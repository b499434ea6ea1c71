import { migrate, openDatabase } from '@annex/database'
import type { ConnectorStore } from '../connector-store.ts'
import { SqlConnections } from './connections-store.ts'
import { SqlLeases } from './leases-store.ts'
import { SqlLinks } from './links-store.ts'
import { connectorMigrations } from './migrations.ts'
import { SqlSessions } from './sessions-store.ts'

/** A store in a database, to be closed when the app ends. */
export interface SqlStore extends ConnectorStore {
  close(): Promise<void>
}

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
