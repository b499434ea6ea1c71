import { Api } from '../support/callers/api.ts'
import { connect, registerApp } from '../support/callers/connected-app.ts'
import { Visitor } from '../support/callers/visitor.ts'
import type { Engine } from '../support/databases.ts'
import { startSite, type RunningSite } from '../support/site.ts'
import { Canaries } from './canary.ts'
import { NARROW, PEOPLE, type Narrow, type Person } from './narrow-tokens.ts'

export const PASSWORD = 'Corr3ct-horse-battery'
const COMPANIES = ['A', 'B'] as const
type Company = (typeof COMPANIES)[number]

const RIGHTS = ['select', 'read', 'write', 'create', 'delete', 'report', 'export', 'share']
const row = (role: string, more: object = {}): object => ({ role, ...Object.fromEntries(RIGHTS.map((right) => [right, 1])), ...more })
const field = (fieldname: string, fieldtype: string, more: object = {}): object => ({ fieldname, fieldtype, label: fieldname, ...more })
const OPEN = [row('All'), row('System Manager'), { role: 'System Manager', permlevel: 1, read: 1, write: 1 }]
const doctype = (name: string, fields: readonly object[], more: object = {}): Record<string, unknown> => ({
  name,
  module: 'Trading',
  custom: 1,
  autoname: 'field:title',
  fields: [field('title', 'Data', { reqd: 1 }), ...fields],
  permissions: OPEN,
  ...more,
})

/** What an app holds, and may do. */
export interface Caller {
  readonly narrow: Narrow
  readonly person: Person
  readonly token: string
  readonly api: Api
}

/** A site on which every hidden value is a text of its own, and apps that are narrowed in many ways. */
export class HiddenSite {
  readonly site: RunningSite
  readonly admin: Api
  readonly canaries: Canaries
  readonly callers: readonly Caller[]
  /** Addresses of files. */
  readonly files: readonly string[]

  private constructor(parts: Pick<HiddenSite, 'site' | 'admin' | 'canaries' | 'callers' | 'files'>) {
    ;({ site: this.site, admin: this.admin, canaries: this.canaries, callers: this.callers, files: this.files } = parts)
  }

  /** `settings`: of the site, besides its own. */
  static async open(engine: Engine, settings: Readonly<Record<string, string>> = {}): Promise<HiddenSite> {
    const canaries = new Canaries()
    const adminPassword = canaries.hide('the password of Administrator', { doctypes: [] })
    const site = await startSite(engine, { ...settings, ANNEX_LOG_LEVEL: 'debug', ANNEX_ADMIN_PASSWORD: adminPassword })
    const admin = await Api.signIn(site.url, 'Administrator', adminPassword)
    await hideDefinitions(admin, canaries)
    await admin.insert('User', { email: PEOPLE.clerk, first_name: 'Clerk', new_password: PASSWORD })
    await admin.insert('User', { email: PEOPLE.lead, first_name: 'Lead', new_password: PASSWORD, roles: [{ role: 'System Manager' }] })
    for (const company of COMPANIES) await hideCompany(admin, canaries, company)
    const files = [await hideBeside(admin, canaries, 'A'), await hideBeside(admin, canaries, 'B')]
    await hideSecrets(admin, canaries)
    return new HiddenSite({ site, admin, canaries, files, callers: await callersOf(site.url, admin) })
  }

  close(): Promise<void> {
    return this.site.close()
  }
}

async function hideDefinitions(admin: Api, canaries: Canaries): Promise<void> {
  await admin.insert('DocType', doctype('Firm', []))
  for (const title of COMPANIES) await admin.insert('Firm', { title })
  const money = field('money', 'Data', { permlevel: 1 })
  const shown = { title_field: 'nick', show_title_field_in_link: 1, search_fields: 'shown' }
  const held = [field('company', 'Link', { options: 'Firm' }), field('nick', 'Data'), field('shown', 'Data'), field('secret', 'Small Text')]
  await admin.insert('DocType', doctype('Buyer', [...held, money], shown))
  await admin.insert('DocType', doctype('Deal Line', [field('note', 'Data'), money], { istable: 1, autoname: 'hash', permissions: [] }))
  const more = [field('buyer', 'Link', { options: 'Buyer' }), field('lines', 'Table', { options: 'Deal Line' }), field('pin', 'Password')]
  await admin.insert('DocType', doctype('Deal', [...held, money, ...more], { ...shown, track_changes: 1 }))
  await admin.insert('DocType', doctype('Visit', [field('deal', 'Link', { options: 'Deal' }), field('note', 'Data')]))
  const label = canaries.hide('the label of a field that nobody may see', { doctypes: [] })
  const closed = { permissions: [{ role: 'Administrator', read: 1 }] }
  await admin.insert('DocType', doctype('Vault', [field('hidden', 'Data', { label, description: label })], closed))
  await admin.insert('Vault', { title: 'V1', hidden: canaries.hide('a document that nobody may read', { doctypes: [] }) })
}

async function hideCompany(admin: Api, canaries: Canaries, company: Company): Promise<void> {
  const of =
    (holder: string) =>
    (what: string, more: object = {}): string =>
      canaries.hide(`${what} of ${holder} ${company}`, { doctypes: [holder], company, ...more })
  const [buyer, deal] = [of('Buyer'), of('Deal')]
  const old = (what: string, more: object = {}): string =>
    canaries.hide(`${what} in the versions of Deal ${company}`, { doctypes: ['Version'], company, ...more })
  const values = (hide: typeof buyer): object => ({
    company,
    nick: hide('the title', { inLinks: true }),
    shown: hide('a searched field', { inLinks: true }),
  })
  const own = { secret: buyer('a field'), money: buyer('a field of level 1', { permlevel: 1 }) }
  await admin.insert('Buyer', { title: `Buyer ${company}`, ...values(buyer), ...own })
  await admin.insert('Deal', {
    title: `${company}1`,
    buyer: `Buyer ${company}`,
    ...values(deal),
    secret: old('a value'),
    money: old('a value of level 1', { permlevel: 1 }),
    pin: canaries.hide(`the password field of Deal ${company}`, { doctypes: [] }),
    lines: [{ title: 'one', note: deal('a row'), money: deal('a field of level 1 in a row', { permlevel: 1 }) }],
  })
  await admin.insert('Visit', {
    title: `To ${company}`,
    deal: `${company}1`,
    note: canaries.hide(`Visit to ${company}`, { doctypes: ['Visit'] }),
  })
}

/** What is said of a document: versions, comments, tasks, files, and what is kept of one that is gone. */
async function hideBeside(admin: Api, canaries: Canaries, company: Company): Promise<string> {
  const name = `${company}1`
  const on = (holder: string): string => canaries.hide(`${holder} about Deal ${company}`, { doctypes: [holder], company })
  const now = (what: string, more: object = {}): string =>
    canaries.hide(`${what} of Deal ${company} now`, { doctypes: ['Deal', 'Version'], company, ...more })
  await admin.update('Deal', name, { secret: now('a field'), money: now('a field of level 1', { permlevel: 1 }) })
  await admin.post('frappe.desk.form.utils.add_comment', { reference_doctype: 'Deal', reference_name: name, content: on('Comment') })
  const task = { doctype: 'Deal', name, assign_to: [PEOPLE.clerk], description: on('ToDo') }
  await admin.post('frappe.desk.form.assign_to.add', task)
  const gone = canaries.hide(`a Deal ${company} that was removed`, { doctypes: [] })
  await admin.insert('Deal', { title: `${company}9`, company, nick: gone, secret: gone })
  await admin.send('DELETE', `/api/resource/Deal/${company}9`)
  const sent = { file_name: `${company}.txt`, is_private: 1, content: on('File'), attached_to_doctype: 'Deal', attached_to_name: name }
  return String((await admin.insert('File', sent))['file_url'])
}

async function hideSecrets(admin: Api, canaries: Canaries): Promise<void> {
  const password = canaries.hide('a password', { doctypes: [] })
  const bio = canaries.hide('the name of a user', { doctypes: [] })
  await admin.insert('User', { email: 'hidden@example.com', first_name: bio, new_password: `${password}-Aa1` })
  await registerApp(admin, { app_name: canaries.hide('the name of another app', { doctypes: [], inTrail: true }) })
}

async function callersOf(url: string, admin: Api): Promise<Caller[]> {
  const callers: Caller[] = []
  for (const person of Object.keys(PEOPLE) as Person[]) {
    const visitor = await new Visitor(url).signIn(PEOPLE[person], PASSWORD)
    for (const narrow of NARROW) {
      const { scope, filters } = narrow
      const app = await registerApp(admin, { scopes: scope, ...(filters ? { row_filters: JSON.stringify(filters) } : {}) })
      const { access } = await connect(visitor, app, scope)
      callers.push({ narrow, person, token: access, api: Api.byToken(url, access) })
    }
  }
  return callers
}
