import { few, fewAtATime, type Connection, type Database } from '@annex/database'
import { sortedFields } from '../../core/docnames/shown-fields.ts'
import type { DocnameStore, KeptDocname } from '../connector-store.ts'
import { shortSource } from '../docname-rules.ts'
import { tablesOf, type DocnameRow } from './tables.ts'

/** Rows of one statement: engines limit its parameters. */
const BATCH = 500
/** Which docnames of a tenant are to be forgotten. */
type Forgotten = readonly ['owner', '=', string] | readonly ['seen_at', '<', number]

const TOLD = ['label', 'description', 'fields', 'modified', 'creation', 'state', 'renamed_to'] as const

export class SqlDocnames implements DocnameStore {
  readonly #database: Database
  readonly #tenant: string

  constructor(database: Database, tenant: string) {
    this.#database = database
    this.#tenant = tenant
  }

  async keep(owner: string, source: string, rows: readonly KeptDocname[]): Promise<readonly string[]> {
    if (rows.length === 0) return []
    const short = await shortSource(source)
    // In the order of their key, so that two who keep the same names do not wait for each other.
    const sorted = [...new Map(rows.map((row) => [JSON.stringify([row.doctype, row.name]), row])).entries()].toSorted(([a], [b]) =>
      a < b ? -1 : 1,
    )
    return this.#database.transaction(async (connection) => {
      const changed: string[] = []
      for (let start = 0; start < sorted.length; start += BATCH) {
        const batch = sorted.slice(start, start + BATCH).map(([, row]) => row)
        changed.push(...(await this.#keepBatch(connection, owner, batch)))
        await this.#see(connection, owner, short, batch)
      }
      return changed
    })
  }

  async list(owner: string, doctype: string, source: string, limit: number): Promise<KeptDocname[]> {
    // connector_docname_source_recent, then the primary key
    const rows = await tablesOf(this.#database.connection)
      .selectFrom('connector_docname_source as source')
      .innerJoin('connector_docname as docname', (join) =>
        join
          .onRef('docname.tenant', '=', 'source.tenant')
          .onRef('docname.owner', '=', 'source.owner')
          .onRef('docname.doctype', '=', 'source.doctype')
          .onRef('docname.name', '=', 'source.name'),
      )
      .selectAll('docname')
      .select('source.seen_at as sight')
      .where('source.tenant', '=', this.#tenant)
      .where('source.owner', '=', owner)
      .where('source.doctype', '=', doctype)
      .where('source.source', '=', await shortSource(source))
      .orderBy('source.seen_at', 'desc')
      .orderBy('source.name')
      .limit(limit)
      .execute()
    return rows.map((row) => ({ ...fromRow(row), seenAt: row.sight }))
  }

  async resolve(owner: string, doctype: string, names: readonly string[]): Promise<KeptDocname[]> {
    const wanted = [...new Set(names)]
    const rows: KeptDocname[] = []
    for (let start = 0; start < wanted.length; start += BATCH)
      rows.push(...(await this.#resolveBatch(owner, doctype, wanted.slice(start, start + BATCH))))
    return rows
  }

  async #resolveBatch(owner: string, doctype: string, names: readonly string[]): Promise<KeptDocname[]> {
    const query = tablesOf(this.#database.connection).selectFrom('connector_docname').selectAll().where('tenant', '=', this.#tenant)
    // primary key
    return (await query.where('owner', '=', owner).where('doctype', '=', doctype).where('name', 'in', names).execute()).map(fromRow)
  }

  async owners(doctype: string, name: string, { after, limit }: { readonly after?: string; readonly limit: number }): Promise<string[]> {
    const query = tablesOf(this.#database.connection).selectFrom('connector_docname').select('owner').where('tenant', '=', this.#tenant)
    const found = query.where('doctype', '=', doctype).where('name', '=', name)
    // connector_docname_document
    const page = after === undefined ? found : found.where('owner', '>', after)
    return (await page.orderBy('owner').limit(limit).execute()).map((row) => row.owner)
  }

  async rename(owner: string, from: KeptDocname, to: KeptDocname): Promise<void> {
    await this.#database.transaction(async (connection) => {
      const tables = tablesOf(connection)
      await this.#keepBatch(connection, owner, [to])
      const old = this.#toRow(owner, { ...from, state: 'gone', renamedTo: to.name })
      // primary key
      await tables
        .insertInto('connector_docname')
        .values(old)
        .onConflict((conflict) => conflict.columns(['tenant', 'owner', 'doctype', 'name']).doUpdateSet(old))
        .execute()
      // connector_docname_source_recent
      const sources = await tables
        .deleteFrom('connector_docname_source')
        .where('tenant', '=', this.#tenant)
        .where('owner', '=', owner)
        .where('doctype', '=', from.doctype)
        .where('name', '=', from.name)
        .returning('source')
        .execute()
      for (const { source } of sources) await this.#see(connection, owner, source, [to])
    })
  }

  async removeAll(owner: string): Promise<void> {
    await this.#forget(['owner', '=', owner])
  }

  async sweep(seenBefore: number): Promise<number> {
    return this.#forget(['seen_at', '<', seenBefore])
  }

  /** First the searches: no sight in one is newer than the docname's own, so that a docname which goes leaves none behind. */
  async #forget([column, operator, value]: Forgotten): Promise<number> {
    const tables = tablesOf(this.#database.connection)
    const sights = tables.selectFrom('connector_docname_source').where('tenant', '=', this.#tenant)
    // connector_docname_source_seen, or the primary key for an owner
    const someSights = few(this.#database, sights.where(column, operator, value).orderBy(column))
    await fewAtATime(tables.deleteFrom('connector_docname_source').where(someSights).returning('name'))
    const docnames = tables.selectFrom('connector_docname').where('tenant', '=', this.#tenant)
    // connector_docname_seen, or the primary key for an owner
    const some = few(this.#database, docnames.where(column, operator, value).orderBy(column))
    return fewAtATime(tables.deleteFrom('connector_docname').where(some).returning('name'))
  }

  /** Gives the names of which something but the time of sight is new. */
  async #keepBatch(connection: Connection, owner: string, batch: readonly KeptDocname[]): Promise<string[]> {
    // primary key; a row that is older, or tells nothing new, is left alone, and then does not come back
    const changed = await tablesOf(connection)
      .insertInto('connector_docname')
      .values(batch.map((row) => this.#toRow(owner, row)))
      .onConflict((conflict) =>
        conflict
          .columns(['tenant', 'owner', 'doctype', 'name'])
          .doUpdateSet((row) => Object.fromEntries(TOLD.map((column) => [column, row.ref(`excluded.${column}`)])))
          .whereRef('excluded.modified', '>=', 'connector_docname.modified')
          .where((row) =>
            row.or(TOLD.map((column) => row(`connector_docname.${column}`, 'is distinct from', row.ref(`excluded.${column}`)))),
          ),
      )
      .returning('name')
      .execute()
    return changed.map((row) => row.name)
  }

  async #see(connection: Connection, owner: string, source: string, batch: readonly KeptDocname[]): Promise<void> {
    const tables = tablesOf(connection)
    // primary key
    await tables
      .insertInto('connector_docname')
      .values(batch.map((row) => this.#toRow(owner, row)))
      .onConflict((conflict) =>
        conflict
          .columns(['tenant', 'owner', 'doctype', 'name'])
          .doUpdateSet((row) => ({ seen_at: row.ref('excluded.seen_at') }))
          .whereRef('excluded.seen_at', '>', 'connector_docname.seen_at'),
      )
      .execute()
    // primary key
    await tables
      .insertInto('connector_docname_source')
      .values(batch.map(({ doctype, name, seenAt }) => ({ tenant: this.#tenant, owner, doctype, source, name, seen_at: seenAt })))
      .onConflict((conflict) =>
        conflict.columns(['tenant', 'owner', 'doctype', 'source', 'name']).doUpdateSet((row) => ({ seen_at: row.ref('excluded.seen_at') })),
      )
      .execute()
  }

  #toRow(owner: string, { renamedTo, seenAt, fields, ...row }: KeptDocname): DocnameRow {
    return { ...row, tenant: this.#tenant, owner, fields: sortedFields(fields), renamed_to: renamedTo, seen_at: seenAt }
  }
}

const fromRow = ({
  doctype,
  name,
  label,
  description,
  fields,
  modified,
  creation,
  state,
  renamed_to,
  seen_at,
}: DocnameRow): KeptDocname => ({
  doctype,
  name,
  label,
  description,
  // Only objects and states are written.
  fields: JSON.parse(fields) as KeptDocname['fields'],
  modified,
  creation,
  state: state as KeptDocname['state'],
  renamedTo: renamed_to,
  seenAt: seen_at,
})
