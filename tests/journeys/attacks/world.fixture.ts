import { expect } from 'vitest'
import { Api, type Reply } from '../../support/callers/api.ts'
import { connect, registerApp, type App, type Tokens } from '../../support/callers/connected-app.ts'
import { Visitor } from '../../support/callers/visitor.ts'
import type { Engine } from '../../support/databases.ts'
import { startSite, type RunningSite } from '../../support/site.ts'
import { readTables, type StoredRow } from '../../support/stolen/stored.ts'

export const PASSWORD = 'Corr3ct-horse-battery'
/** May do everything with the documents below. */
export const ALICE = 'alice@example.com'
export const BOB = 'bob@example.com'
/** System Manager. */
export const MIA = 'mia@example.com'

const ALL = { role: 'All', select: 1, submit: 1, cancel: 1, amend: 1 }
export const doctype = (name: string, fields: readonly object[] = [], more: object = {}): Record<string, unknown> => ({
  name,
  module: 'Trading',
  custom: 1,
  autoname: 'field:title',
  fields: [{ fieldname: 'title', fieldtype: 'Data', label: 'Title', reqd: 1 }, ...fields],
  permissions: [ALL],
  ...more,
})

const DOCTYPES = [
  doctype('Item'),
  doctype('Customer', [{ fieldname: 'credit_limit', fieldtype: 'Currency', label: 'Credit Limit' }]),
  doctype('Quote Line', [{ fieldname: 'item', fieldtype: 'Link', options: 'Item', label: 'Item' }], {
    istable: 1,
    autoname: 'hash',
    permissions: [],
  }),
  doctype(
    'Quote',
    [
      { fieldname: 'customer', fieldtype: 'Link', options: 'Customer', label: 'Customer' },
      { fieldname: 'lines', fieldtype: 'Table', options: 'Quote Line', label: 'Lines' },
      { fieldname: 'remark', fieldtype: 'Data', label: 'Remark', allow_on_submit: 1 },
    ],
    { is_submittable: 1 },
  ),
]

/** A site with documents, people and an app that may ask for much. */
export class World {
  readonly site: RunningSite
  readonly admin: Api
  readonly app: App
  readonly #tokens = new Map<string, Promise<Tokens>>()

  private constructor(site: RunningSite, admin: Api, app: App) {
    this.site = site
    this.admin = admin
    this.app = app
  }

  static async open(engine: Engine, settings: Readonly<Record<string, string>> = {}): Promise<World> {
    const site = await startSite(engine, settings)
    const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    for (const values of DOCTYPES) await admin.insert('DocType', values)
    for (const email of [ALICE, BOB]) await admin.insert('User', { email, first_name: email.split('@')[0], new_password: PASSWORD })
    await admin.insert('User', { email: MIA, first_name: 'Mia', new_password: PASSWORD, roles: [{ role: 'System Manager' }] })
    await admin.insert('Item', { title: 'Bolt' })
    await admin.insert('Customer', { title: 'Northern Mills', credit_limit: 5000 })
    await admin.insert('Quote', { title: 'Q1', customer: 'Northern Mills', lines: [{ title: 'First', item: 'Bolt' }] })
    await admin.insert('Quote', { title: 'Q9', docstatus: 1 })
    const scopes = 'openid all *:read Item:* Customer:* Quote:* method:frappe.core.*'
    return new World(site, admin, await registerApp(admin, { scopes }))
  }

  close(): Promise<void> {
    return this.site.close()
  }

  visitor(user: string): Promise<Visitor> {
    return new Visitor(this.site.url).signIn(user, PASSWORD)
  }

  session(user: string): Promise<Api> {
    return Api.signIn(this.site.url, user, PASSWORD)
  }

  /** Tokens of a person with these scopes, asked for once. */
  tokens(user: string, scope: string): Promise<Tokens> {
    const known = this.#tokens.get(`${user} ${scope}`) ?? this.visitor(user).then((visitor) => connect(visitor, this.app, scope))
    this.#tokens.set(`${user} ${scope}`, known)
    return known
  }

  /** The API with a token of these scopes. */
  async byToken(user: string, scope: string): Promise<Api> {
    return Api.byToken(this.site.url, (await this.tokens(user, scope)).access)
  }

  async trail(): Promise<StoredRow[]> {
    return trailIn(await readTables(this.site.databaseUrl))
  }

  /** Runs an act and gives its answer, the tables that it changed, and what the trail says of it. */
  async watch(act: () => Promise<Reply>): Promise<{ reply: Reply; changed: string[]; events: StoredRow[] }> {
    const before = await this.#state()
    const reply = await act()
    const after = await this.#state()
    const changed = Object.keys(after.tables).filter((name) => after.tables[name] !== before.tables[name])
    const known = new Set(before.trail.map((row) => row['id']))
    return { reply, changed, events: eventsOf(reply, after.trail, (row) => !known.has(row['id'])) }
  }

  /** Everything stored, the trail apart, without when things were last used. */
  async #state(): Promise<{ tables: Readonly<Record<string, string>>; trail: StoredRow[] }> {
    const all = await readTables(this.site.databaseUrl)
    const trail = trailIn(all)
    // The trail, the chain that seals it, and the counts of what apps did, beside everything else.
    for (const name of all.keys()) if (name.startsWith('audit') || name.startsWith('oauth_use_')) all.delete(name)
    const tables = [...all].map(([name, rows]) => [
      name,
      rows
        .map((row) => JSON.stringify(withoutUses(row)))
        .toSorted()
        .join(),
    ])
    return { tables: Object.fromEntries(tables), trail }
  }
}

const USES = new Set(['last_used', 'last_seen'])
const withoutUses = (row: StoredRow): StoredRow => Object.fromEntries(Object.entries(row).filter(([name]) => !USES.has(name)))
const inOrder = (trail: readonly StoredRow[]): StoredRow[] => trail.toSorted((a, b) => Number(a['at']) - Number(b['at']))

/** The trail with the names that stand beside it. */
function trailIn(tables: ReadonlyMap<string, readonly StoredRow[]>): StoredRow[] {
  const names = new Map((tables.get('audit_person') ?? []).map(({ person, user }) => [person, user]))
  return inOrder(tables.get('audit') ?? []).map((row) => ({ ...row, user: names.get(row['person']) ?? null }))
}

/** What is written up to a second later, so that it may be of another act. */
const NOTED = new Set(['oauth.token.issued', 'oauth.bearer.refused'])

/**
 * What an act has left in the trail. A refusal like one of the minute before is counted with it: what was told of it finds it.
 */
function eventsOf(reply: Reply, trail: readonly StoredRow[], isNew: (row: StoredRow) => boolean): StoredRow[] {
  const incident = reply.headers.get('x-annex-incident')
  const firsts = trail.filter(
    (row, index) => trail.findIndex((other) => row['incident'] !== null && other['incident'] === row['incident']) === index,
  )
  const told = firsts.filter((row) => row['incident'] === incident && !NOTED.has(String(row['event'])))
  const rest = trail.filter(
    (row) => isNew(row) && !NOTED.has(String(row['event'])) && (row['incident'] === null || (firsts.includes(row) && !told.includes(row))),
  )
  return inOrder([...rest, ...told])
}

/** A refusal tells the caller nothing of the inside, and is cached by nobody. */
export function expectDiscreet(reply: Reply, secrets: readonly string[] = []): void {
  expect(reply.headers.get('cache-control')).toBe('no-store')
  expect(reply.text).not.toMatch(/Traceback|node_modules|packages\/|\.ts:\d|"t"\.|SQLITE_|at async/)
  for (const secret of secrets) expect(reply.text + JSON.stringify([...reply.headers])).not.toContain(secret)
}
