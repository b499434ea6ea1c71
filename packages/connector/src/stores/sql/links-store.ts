import type { Database } from '@annex/database'
import type { LinkStore, SeenLink } from '../connector-store.ts'
import { tablesOf, type LinkRow } from './tables.ts'

export class SqlLinks implements LinkStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async remember(connection: string, doctype: string, filters: string, links: readonly SeenLink[]): Promise<void> {
    if (links.length === 0) return
    const rows = [...new Map(links.map((link) => [link.value, link])).values()].map(({ seenAt, ...link }) => ({
      connection,
      doctype,
      filters,
      ...link,
      seen_at: seenAt,
    }))
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
    const rows = await query
      .where('doctype', '=', doctype)
      .where('filters', '=', filters)
      .orderBy('seen_at', 'desc')
      .orderBy('value')
      .limit(limit)
      .execute()
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
