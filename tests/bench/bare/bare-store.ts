import { randomBytes } from 'node:crypto'
import type Sqlite from 'better-sqlite3'
import { LIST_FIELDS } from '../scenarios.ts'
import { durably, EPOCH, GENERATION, now, type Row } from './bare-database.ts'
import { keyOf } from './bare-tokens.ts'

/** What the site asks of SQLite for each kind of request on documents, statement by statement, and nothing around it. */
export class BareStore {
  readonly #database: Sqlite.Database
  readonly #columns: readonly string[]
  readonly #versionColumns: readonly string[]
  readonly #reads: ReturnType<typeof reads>
  readonly #writes: ReturnType<typeof writes>
  readonly #inserting: Sqlite.Transaction<(values: Row) => Row>

  constructor(database: Sqlite.Database) {
    this.#database = database
    this.#columns = columnsOf(this.#database, 'tabItem')
    this.#versionColumns = columnsOf(this.#database, 'tabVersion')
    this.#reads = reads(this.#database)
    this.#writes = writes(this.#database, this.#columns, this.#versionColumns)
    this.#inserting = this.#database.transaction((values: Row) => this.#insert(values))
  }

  /** The user of an access token that is good. */
  user(token: string): string | undefined {
    return (this.#reads.token.get(keyOf(token), now()) as { user: string } | undefined)?.user
  }

  list(): unknown[] {
    return this.#reads.list.all(20)
  }

  filtered(from: number): unknown[] {
    return this.#reads.filtered.all(from, 20)
  }

  document(name: string): unknown {
    return this.#reads.document.get(name)
  }

  search(typed: string): unknown[] {
    const text = typed.toLowerCase()
    const { count } = this.#reads.beginning.get(text, `${text}\u{10FFFF}`, 201) as { count: number }
    if (count >= 10) throw new Error('The bench searches in titles; no name begins with what it types')
    return this.#reads.search.all(`"${text.replaceAll('"', '""')}"`, text, 10)
  }

  insert(values: Row): Row {
    return durably(this.#database, () => this.#inserting.immediate(values))
  }

  #insert(values: Row): Row {
    const { item_group: group, stock_uom: unit, weight_uom: weightUnit } = values
    this.#writes.groups.all(group)
    this.#writes.units.all(unit, weightUnit)
    const name = String(values['item_code'])
    const stamps = { name, owner: 'bare', creation: now(), modified: now(), modified_by: 'bare', docstatus: 0, idx: 0 }
    const hidden = { _key: name.toLowerCase(), _search: `${name}\n${String(values['item_name'])}\n${String(group)}`.toLowerCase() }
    const row: Row = { ...values, ...stamps, ...hidden }
    this.#writes.insert.run(this.#columns.map((column) => row[column] ?? 0))
    this.#insertVersion(stamps)
    return row
  }

  #insertVersion({ name, ...stamps }: { readonly name: string; readonly creation: number }): void {
    const version = randomBytes(10).toString('hex')
    const data = JSON.stringify({
      creation: stamps.creation,
      created_by: 'bare',
      updater_reference: { doctype: 'OAuth Client', docname: 'bare' },
    })
    const row: Row = { ...stamps, name: version, ref_doctype: 'Item', docname: name, data, _key: version, _search: '' }
    this.#writes.insertVersion.run(this.#versionColumns.map((column) => row[column] ?? null))
  }
}

const columnsOf = (database: Sqlite.Database, table: string): string[] =>
  (database.pragma(`table_info(${table})`) as { name: string }[]).map((column) => column.name)

// A plain ? is enough to make SQLite plan a statement anew whenever it is given a value; behind a plus it is taken as it comes.
function reads(database: Sqlite.Database) {
  return {
    // Primary keys of all three tables, generation and epoch.
    token: database.prepare(
      `select token.grant_id, token.client, token.scope, "grant".user, "grant".doctype_ids, client.unfenced, ${GENERATION} as generation
       from oauth_token as token join oauth_grant as "grant" on "grant".id = token.grant_id
       join "tabOAuth Client" as client on client.name = token.client
       where token.hash = +? and token.expires > +? and token.kind = 'access' and "grant".revoked_at is null and "grant".epoch = ${EPOCH}
       and client.enabled = 1`,
    ),
    // Index (modified, name), read backwards.
    list: database.prepare(`select ${LIST_FIELDS.join(', ')} from tabItem order by modified desc, name limit +?`),
    // Index (shelf_life_in_days, name).
    filtered: database.prepare(
      `select ${LIST_FIELDS.join(', ')} from tabItem where shelf_life_in_days >= +? order by shelf_life_in_days, name limit +?`,
    ),
    // Primary key.
    document: database.prepare('select * from tabItem where name = +?'),
    // Unique index (_key).
    beginning: database.prepare(
      'select count(*) as count from (select 1 from tabItem where disabled <> 1 and _key >= +? and _key < +? limit +?) as found',
    ),
    // The trigram index, then primary keys.
    search: database.prepare(
      `select name, item_name, item_group from tabItem where disabled <> 1
       and name in (select name from "tabItem~rows" where id in (select rowid from "tabItem~search" where text match +?))
       order by coalesce(nullif(instr(_key, +?), 0), 1000000), modified desc, name limit +?`,
    ),
  }
}

function writes(database: Sqlite.Database, columns: readonly string[], versionColumns: readonly string[]) {
  const into = (table: string, names: readonly string[]): Sqlite.Statement =>
    database.prepare(`insert into ${table} (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`)
  return {
    // Primary keys.
    groups: database.prepare('select name, docstatus from "tabItem Group" where name in (+?)'),
    units: database.prepare('select name, docstatus from tabUOM where name in (+?, +?)'),
    insert: into('tabItem', columns),
    insertVersion: into('tabVersion', versionColumns),
  }
}
