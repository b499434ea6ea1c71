import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { LIST_FIELDS } from '../scenarios.ts'
import { keyOf } from './bare-tokens.ts'

type Row = Record<string, unknown>

const now = (): number => Date.now() * 1000

/** What the site asks of PostgreSQL for a list, a document and an insert, by named statements, and nothing around it. */
export class BarePostgresStore {
  // As many connections as a process of the site has.
  readonly #pool: pg.Pool
  #columns: readonly string[] = []
  #versionColumns: readonly string[] = []

  constructor(url: string) {
    this.#pool = new pg.Pool({ connectionString: url, max: 10 })
  }

  async open(): Promise<void> {
    this.#columns = await this.#columnsOf('tabItem')
    this.#versionColumns = await this.#columnsOf('tabVersion')
  }

  /** The user of an access token that is good. */
  async user(token: string): Promise<string | undefined> {
    const { rows } = await this.#pool.query<{ user: string }>({
      name: 'token',
      text: TOKEN,
      values: [keyOf(token), now()],
    })
    return rows[0]?.user
  }

  async list(): Promise<unknown[]> {
    return (await this.#pool.query({ name: 'list', text: LIST, values: [20] })).rows
  }

  async document(name: string): Promise<unknown> {
    return (await this.#pool.query({ name: 'document', text: 'select * from "tabItem" where name = $1', values: [name] })).rows[0]
  }

  async insert(values: Row): Promise<Row> {
    const client = await this.#pool.connect()
    try {
      await client.query('begin')
      const row = await this.#insert(client, values)
      await client.query('commit')
      return row
    } finally {
      client.release()
    }
  }

  close(): Promise<void> {
    return this.#pool.end()
  }

  async #insert(client: pg.PoolClient, values: Row): Promise<Row> {
    const { item_group: group, stock_uom: unit, weight_uom: weightUnit } = values
    await client.query({ name: 'groups', text: 'select name, docstatus from "tabItem Group" where name in ($1)', values: [group] })
    await client.query({ name: 'units', text: 'select name, docstatus from "tabUOM" where name in ($1, $2)', values: [unit, weightUnit] })
    const name = String(values['item_code'])
    const stamps = { name, owner: 'bare', creation: now(), modified: now(), modified_by: 'bare', docstatus: 0, idx: 0 }
    const hidden = { _key: name.toLowerCase(), _search: `${name}\n${String(values['item_name'])}\n${String(group)}`.toLowerCase() }
    const row: Row = { ...values, ...stamps, ...hidden }
    await client.query({ name: 'insert', ...into('tabItem', this.#columns, row, 0) })
    await client.query({ name: 'version', ...into('tabVersion', this.#versionColumns, versionOf(stamps), null) })
    await client.query({ name: 'definitions', text: 'select value from doctype_version where id = $1', values: [1] })
    return row
  }

  async #columnsOf(table: string): Promise<string[]> {
    const text = 'select column_name from information_schema.columns where table_schema = current_schema() and table_name = $1'
    const { rows } = await this.#pool.query<{ column_name: string }>(text, [table])
    return rows.map((row) => row.column_name)
  }
}

function versionOf({ name, ...stamps }: { readonly name: string; readonly creation: number }): Row {
  const version = randomBytes(10).toString('hex')
  const updater = { doctype: 'OAuth Client', docname: 'bare' }
  const data = JSON.stringify({ creation: stamps.creation, created_by: 'bare', updater_reference: updater })
  return { ...stamps, name: version, ref_doctype: 'Item', docname: name, data, _key: version, _search: '' }
}

const into = (table: string, columns: readonly string[], row: Row, absent: number | null): { text: string; values: unknown[] } => ({
  text: `insert into "${table}" (${columns.map((column) => `"${column}"`).join(', ')}) values (${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
  values: columns.map((column) => row[column] ?? absent),
})

// Primary keys of all three tables, generation and epoch.
const TOKEN = `select token.grant_id, token.client, token.scope, "grant".user, "grant".doctype_ids, client.unfenced,
  (select value from generation where id = 1) as generation
  from oauth_token as token join oauth_grant as "grant" on "grant".id = token.grant_id
  join "tabOAuth Client" as client on client.name = token.client
  where token.hash = $1 and token.expires > $2 and token.kind = 'access' and "grant".revoked_at is null
  and "grant".epoch = (select epoch from oauth_state where id = 1) and client.enabled = 1`

// Index (modified, name), read backwards.
const LIST = `select ${LIST_FIELDS.join(', ')} from "tabItem" order by modified desc, name limit $1`
