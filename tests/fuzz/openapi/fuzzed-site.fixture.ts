import { FIELD_KINDS, type ValueFieldType } from '@annex/protocol'
import { Api, type Values } from '../../support/callers/api.ts'
import { connect, registerApp, type App } from '../../support/callers/connected-app.ts'
import { Visitor } from '../../support/callers/visitor.ts'
import type { Engine } from '../../support/databases.ts'
import { startSite, type RunningSite } from '../../support/site.ts'

const PASSWORD = 'corr3ct-horse-battery'
const REDIRECT = 'https://app.example/callback'

const field = (fieldname: string, fieldtype: string, more: Values = {}): Values => ({ fieldname, fieldtype, ...more })

/** What stands in the options of a field whose type needs some. */
const OPTIONS: Readonly<Partial<Record<ValueFieldType, string>>> = {
  Link: 'Fuzz Area',
  'Dynamic Link': 'a_doctype',
  Select: 'One\nTwo',
  Table: 'Fuzz Row',
  'Table MultiSelect': 'Fuzz Choice',
}

const fieldOf = (fieldtype: ValueFieldType, more: Values = {}): Values =>
  field(`a_${fieldtype.toLowerCase().replaceAll(' ', '_')}`, fieldtype, { options: OPTIONS[fieldtype] ?? '', ...more })

const TYPES = Object.keys(FIELD_KINDS) as ValueFieldType[]
const isTable = (fieldtype: ValueFieldType): boolean => FIELD_KINDS[fieldtype] === 'table'

/** A field of every type, rows, a submittable DocType, a Single, a tree, and every way to a name. */
const DOCTYPES: readonly Values[] = [
  { name: 'Fuzz Area', is_tree: 1, autoname: 'field:title', allow_rename: 1, fields: [field('title', 'Data', { reqd: 1, unique: 1 })] },
  {
    name: 'Fuzz Row',
    istable: 1,
    fields: TYPES.filter((type) => !isTable(type)).map((type) => fieldOf(type, type === 'Dynamic Link' ? { options: 'a_data' } : {})),
  },
  { name: 'Fuzz Choice', istable: 1, fields: [field('area', 'Link', { options: 'Fuzz Area' })] },
  {
    name: 'Fuzz Thing',
    allow_rename: 1,
    search_fields: 'a_data,a_select',
    autoname: 'field:code',
    fields: [
      field('a_doctype', 'Link', { options: 'DocType' }),
      ...TYPES.map((type) => fieldOf(type)),
      field('code', 'Data', { reqd: 1, unique: 1 }),
    ],
  },
  {
    name: 'Fuzz Slip',
    is_submittable: 1,
    autoname: 'SLIP-.####',
    fields: [
      field('thing', 'Link', { options: 'Fuzz Thing' }),
      field('amount', 'Currency', { reqd: 1, non_negative: 1 }),
      field('note', 'Small Text', { allow_on_submit: 1 }),
      field('rows', 'Table', { options: 'Fuzz Row' }),
      field('area', 'Data', { fetch_from: 'thing.a_link' }),
    ],
  },
  {
    name: 'Fuzz Settings',
    issingle: 1,
    fields: TYPES.filter((type) => !isTable(type)).map((type) => fieldOf(type, type === 'Dynamic Link' ? { options: 'a_data' } : {})),
  },
  { name: 'Fuzz Number', autoname: 'autoincrement', fields: [field('title', 'Data', { set_only_once: 1 })] },
  {
    name: 'Fuzz Format',
    autoname: 'format:F-{title}-{##}',
    fields: [field('title', 'Data', { reqd: 1 }), field('day', 'Date', { default: 'Today' })],
  },
  { name: 'Fuzz Prompt', autoname: 'prompt', allow_rename: 1, fields: [field('title', 'Data', { permlevel: 1 })] },
]

/** Authorization headers of one user, by kind. */
export type Callers = Readonly<Record<'key' | 'token', string>>

export interface FuzzedSite {
  readonly site: RunningSite
  readonly admin: Api
  /** Somebody new, who may do nearly everything: whoever fuzzed before may have lost their rights by it. */
  callers(): Promise<Callers>
}

/** A site with something of everything. */
export async function startFuzzedSite(engine: Engine): Promise<FuzzedSite> {
  // At `debug` the site writes one line a request: what it answered is counted there.
  const site = await startSite(engine, { ANNEX_LOG_LEVEL: 'debug' })
  const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  const permissions = [0, 1].map((permlevel) => ({ role: 'System Manager', permlevel }))
  for (const doctype of DOCTYPES)
    await admin.insert('DocType', { module: 'Custom', ...doctype, ...(doctype['istable'] === 1 ? {} : { permissions }) })
  await fill(admin)
  const app = await registerApp(admin, { scopes: 'openid all', redirect_uris: REDIRECT, default_redirect_uri: REDIRECT })
  let fuzzers = 0
  const callers = async (): Promise<Callers> => {
    fuzzers += 1
    const email = `fuzzer-${fuzzers}@example.com`
    await admin.insert('User', { email, first_name: 'Fuzzer', new_password: PASSWORD, roles: [{ role: 'System Manager' }] })
    return callersFor(admin, email, { ...app, redirectUri: REDIRECT })
  }
  return { site, admin, callers }
}

async function callersFor(admin: Api, email: string, app: App): Promise<Callers> {
  const { body } = await admin.post('frappe.core.doctype.user.user.generate_keys', { user: email })
  const { api_key: key, api_secret: secret } = body['message'] as Readonly<Record<'api_key' | 'api_secret', string>>
  const visitor = await new Visitor(admin.base).signIn(email, PASSWORD)
  const { access } = await connect(visitor, app, 'openid all')
  return { key: `token ${key}:${secret}`, token: `Bearer ${access}` }
}

async function fill(admin: Api): Promise<void> {
  const areas = [
    ['World', ''],
    ['North', 'World'],
    ['South', 'World'],
  ]
  for (const [title, above] of areas) await admin.insert('Fuzz Area', { title, parent_fuzz_area: above })
  const rows = [
    { a_data: 'one', a_int: 1, a_currency: 0.1 },
    { a_data: 'two', a_date: '2026-01-31' },
  ]
  const values = { a_data: 'One', a_link: 'North', a_int: 3, a_datetime: '2026-01-31 10:00:00', a_table: rows }
  for (const code of ['one', 'two']) await admin.insert('Fuzz Thing', { ...values, code })
  await admin.insert('Fuzz Slip', { thing: 'one', amount: 1.5, rows })
  await admin.insert('Fuzz Slip', { thing: 'two', amount: 2, docstatus: 1 })
  await admin.insert('Fuzz Number', { title: 'One' })
  await admin.insert('Fuzz Format', { title: 'One' })
  await admin.insert('Fuzz Prompt', { __newname: 'One', title: 'One' })
}
