import { Api } from '../../../support/callers/api.ts'
import { connect, registerApp } from '../../../support/callers/connected-app.ts'
import { Visitor } from '../../../support/callers/visitor.ts'
import type { Engine } from '../../../support/databases.ts'
import { startSite, type RunningSite } from '../../../support/site.ts'
import { readTables, type StoredRow } from '../../../support/stolen/stored.ts'

const PASSWORD = 'Corr3ct-horse-battery'
/** System Manager; may do everything with the documents below. */
export const ALICE = 'alice@example.com'
export const BOB = 'bob@example.com'

/** Whatever of company B's is not a name: in no answer to an app that is held to company A. */
export const SECRET = 'only-for-company-b'

const RIGHTS = ['select', 'read', 'write', 'create', 'delete', 'submit', 'cancel', 'amend', 'report', 'export', 'share']
const ALL = { role: 'All', ...Object.fromEntries(RIGHTS.map((right) => [right, 1])) }
const field = (fieldname: string, fieldtype: string, more: object = {}): object => ({ fieldname, fieldtype, label: fieldname, ...more })
const doctype = (name: string, fields: readonly object[], more: object = {}): Record<string, unknown> => ({
  name,
  module: 'Trading',
  custom: 1,
  autoname: 'field:title',
  allow_rename: 1,
  fields: [field('title', 'Data', { reqd: 1 }), ...fields],
  permissions: [ALL],
  ...more,
})

const DOCTYPES = [
  doctype('Firm', [field('parent_firm', 'Link', { options: 'Firm' }), field('motto', 'Data')], { is_tree: 1 }),
  doctype('Buyer', [field('company', 'Link', { options: 'Firm' }), field('nick', 'Data'), field('credit_limit', 'Data')], {
    title_field: 'nick',
    show_title_field_in_link: 1,
    search_fields: 'credit_limit',
  }),
  doctype('Deal Line', [field('note', 'Data')], { istable: 1, autoname: 'hash', permissions: [] }),
  doctype(
    'Deal',
    [
      field('company', 'Link', { options: 'Firm' }),
      field('buyer', 'Link', { options: 'Buyer' }),
      field('amount', 'Int'),
      field('secret', 'Data'),
      field('lines', 'Table', { options: 'Deal Line' }),
      field('amended_from', 'Link', { options: 'Deal' }),
    ],
    { is_submittable: 1, track_changes: 1, search_fields: 'secret' },
  ),
  doctype('Visit', [
    field('deal', 'Link', { options: 'Deal' }),
    field('found', 'Data', { fetch_from: 'deal.secret' }),
    field('any_type', 'Link', { options: 'DocType' }),
    field('any', 'Dynamic Link', { options: 'any_type' }),
  ]),
]

/** What a System Manager holds the app to. */
const FILTERS = { Deal: [['company', '=', 'A']], Buyer: { company: 'A' } }

const OPENED = ['Deal', 'Buyer', 'Visit', 'Firm', 'Comment', 'File', 'ToDo', 'Version', 'DocShare', 'Deleted.Document', 'User']
const USED = ['write', 'create', 'delete', 'submit', 'amend', 'share']
const SCOPES = ['openid', '*:read', ...OPENED.flatMap((name) => USED.map((right) => `${name}:${right}`))]

/** A site on which an app is held to the documents of one company. */
export class Walled {
  readonly site: RunningSite
  readonly admin: Api
  /** Held to company A; of a user who is not. */
  readonly app: Api
  /** The same user's, and held to nothing. */
  readonly free: Api
  readonly file: Readonly<Record<'a' | 'b', { readonly name: string; readonly url: string }>>

  private constructor(parts: Pick<Walled, 'site' | 'admin' | 'app' | 'free' | 'file'>) {
    ;({ site: this.site, admin: this.admin, app: this.app, free: this.free, file: this.file } = parts)
  }

  static async open(engine: Engine): Promise<Walled> {
    const site = await startSite(engine)
    const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
    for (const values of DOCTYPES) await admin.insert('DocType', values)
    await admin.insert('User', { email: ALICE, first_name: 'Alice', new_password: PASSWORD, roles: [{ role: 'System Manager' }] })
    await admin.insert('User', { email: BOB, first_name: 'Bob', new_password: PASSWORD })
    const file = await fill(admin)
    const [app, free] = [await connected(admin, site.url, FILTERS), await connected(admin, site.url)]
    return new Walled({ site, admin, app, free, file })
  }

  close(): Promise<void> {
    return this.site.close()
  }

  /** Another app of the same user. */
  connect(filters?: object, scopes?: readonly string[]): Promise<Api> {
    return connected(this.admin, this.site.url, filters, scopes)
  }

  /** Everything stored of documents; what is counted and noted of a call apart. */
  async stored(): Promise<Readonly<Record<string, string>>> {
    const tables = await readTables(this.site.databaseUrl)
    const ofDocuments = [...tables].filter(([name]) => name.startsWith('tab') || name.startsWith('file_'))
    return Object.fromEntries(ofDocuments.map(([name, rows]) => [name, textOf(rows)]))
  }
}

const textOf = (rows: readonly StoredRow[]): string =>
  rows
    .map((row) => JSON.stringify(row))
    .toSorted()
    .join('\n')

async function connected(admin: Api, url: string, filters?: object, scopes: readonly string[] = SCOPES): Promise<Api> {
  const app = await registerApp(admin, { scopes: scopes.join(' '), ...(filters ? { row_filters: JSON.stringify(filters) } : {}) })
  const visitor = await new Visitor(url).signIn(ALICE, PASSWORD)
  return Api.byToken(url, (await connect(visitor, app, scopes.join(' '))).access)
}

async function fill(admin: Api): Promise<Walled['file']> {
  for (const title of ['A', 'B']) await admin.insert('Firm', { title, motto: title === 'B' ? SECRET : 'open' })
  for (const company of ['A', 'B']) {
    const hidden = company === 'B' ? SECRET : 'open'
    await admin.insert('Buyer', { title: `Buyer ${company}`, company, nick: hidden, credit_limit: hidden })
    for (const number of [1, 2]) {
      const name = `${company}${number}`
      await admin.insert('Deal', {
        title: name,
        company,
        buyer: `Buyer ${company}`,
        amount: company === 'A' ? number : 1000 * number,
        secret: hidden,
        lines: [{ title: `line of ${name}`, note: hidden }],
      })
    }
  }
  await admin.update('Deal', 'B1', { secret: `${SECRET} still` })
  await admin.insert('Visit', { title: 'To A', deal: 'A1' })
  await admin.insert('Visit', { title: 'To B', deal: 'B1' })
  const file = {} as Record<'a' | 'b', { name: string; url: string }>
  for (const key of ['a', 'b'] as const) {
    const name = `${key.toUpperCase()}1`
    const about = { reference_doctype: 'Deal', reference_name: name }
    const text = key === 'b' ? SECRET : 'open'
    await admin.post('frappe.desk.form.utils.add_comment', { ...about, content: text })
    await admin.post('frappe.desk.form.assign_to.add', { doctype: 'Deal', name, assign_to: [ALICE], description: text })
    await admin.post('frappe.share.add', { doctype: 'Deal', name, user: BOB })
    await admin.post('frappe.desk.doctype.tag.tag.add_tag', { dt: 'Deal', dn: name, tag: key === 'b' ? SECRET.slice(0, 50) : 'open' })
    const sent = { file_name: `${key}.txt`, is_private: 1, content: text, attached_to_doctype: 'Deal', attached_to_name: name }
    const made = await admin.insert('File', sent)
    file[key] = { name: String(made['name']), url: String(made['file_url']) }
  }
  await admin.insert('Deal', { title: 'B9', company: 'B', secret: SECRET })
  await admin.send('DELETE', '/api/resource/Deal/B9')
  return file
}
