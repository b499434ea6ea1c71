import { ADMINISTRATOR } from '../../../../packages/site/src/policy/principal.ts'
import { Api } from '../../../support/callers/api.ts'
import { PASSWORD, siteGround, type OpensSite, type SiteStage, type WholeSite } from './site-stage.fixture.ts'

/** System Manager; may do everything with the documents below. */
export const ALICE = 'alice@example.com'
export const BOB = 'bob@example.com'
/** Whatever of company B's is not a name: in no answer to an app that is held to company A. */
export const SECRET = 'only-for-company-b'

const RIGHTS = ['select', 'read', 'write', 'create', 'delete', 'submit', 'cancel', 'amend', 'report', 'export', 'share']
const ALL = { role: 'All', ...Object.fromEntries(RIGHTS.map((right) => [right, 1])) }
export const field = (fieldname: string, fieldtype: string, more: object = {}): object => ({
  fieldname,
  fieldtype,
  label: fieldname,
  ...more,
})
export const doctype = (name: string, fields: readonly object[], more: object = {}): Record<string, unknown> => ({
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

const OPENED = ['Deal', 'Buyer', 'Visit', 'Firm', 'Comment', 'File', 'ToDo', 'Version', 'DocShare', 'Deleted.Document', 'User']
const USED = ['write', 'create', 'delete', 'submit', 'cancel', 'amend', 'share']
const SCOPES = ['openid', '*:read', ...OPENED.flatMap((name) => USED.map((right) => `${name}:${right}`))].join(' ')
/** What a System Manager holds an app to. */
const FILTERS = { Deal: [['company', '=', 'A']], Buyer: { company: 'A' } }

/** An app that may do all of it with company A's. */
export const HELD = { scopes: SCOPES, row_filters: JSON.stringify(FILTERS) }
/** Its token, of a user who is not held to any company. */
export const heldToken = (stage: SiteStage): Promise<Api> => stage.byToken(ALICE, SCOPES)

/** A site on which apps are held to the documents of one company of two. */
export const walledGround: OpensSite = siteGround(async (on) => {
  for (const values of DOCTYPES) await on.insert('DocType', values)
  await on.insert('User', { email: ALICE, first_name: 'Alice', new_password: PASSWORD, roles: [{ role: 'System Manager' }] })
  await on.insert('User', { email: BOB, first_name: 'Bob', new_password: PASSWORD })
  for (const title of ['A', 'B']) await on.insert('Firm', { title, motto: title === 'B' ? SECRET : 'open' })
  for (const company of ['A', 'B']) await fillCompany(on, company, company === 'B' ? SECRET : 'open')
  await on.insert('Deal', { title: 'B9', company: 'B', secret: SECRET })
  await on.update('Deal', 'B1', { secret: `${SECRET} still` })
  await on.site.backend.remove(ADMINISTRATOR, { doctype: 'Deal', name: 'B9' })
  for (const company of ['A', 'B']) await on.insert('Visit', { title: `To ${company}`, deal: `${company}1` })
})

async function fillCompany(on: WholeSite, company: string, hidden: string): Promise<void> {
  await on.insert('Buyer', { title: `Buyer ${company}`, company, nick: hidden, credit_limit: hidden })
  for (const number of [1, 2]) {
    const name = `${company}${number}`
    const lines = [{ title: `line of ${name}`, note: hidden }]
    const amount = company === 'A' ? number : 1000 * number
    await on.insert('Deal', { title: name, company, buyer: `Buyer ${company}`, amount, secret: hidden, lines })
  }
  const [api, name] = [await on.session(ALICE), `${company}1`]
  const about = { reference_doctype: 'Deal', reference_name: name }
  await api.post('frappe.desk.form.utils.add_comment', { ...about, content: hidden })
  await api.post('frappe.desk.form.assign_to.add', { doctype: 'Deal', name, assign_to: [ALICE], description: hidden })
  await api.post('frappe.share.add', { doctype: 'Deal', name, user: BOB })
  await api.post('frappe.desk.doctype.tag.tag.add_tag', { dt: 'Deal', dn: name, tag: hidden })
  const file = {
    file_name: `${company.toLowerCase()}.txt`,
    is_private: 1,
    content: hidden,
    attached_to_doctype: 'Deal',
    attached_to_name: name,
  }
  await api.insert('File', file)
}

/** The name of what belongs to a document there, whoever may see it. */
async function found({ on }: SiteStage, of: string, fields: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>> {
  const filters = Object.entries(fields).map(([fieldname, value]) => ({ fieldname, operator: '=' as const, value }))
  const [row] = await on.site.backend.list(ADMINISTRATOR, { doctype: of, filters, fields: ['*'], parent: 'Deal', limit: 1 })
  return row ?? {}
}
const nameOf = async (...about: Parameters<typeof found>): Promise<string> => String((await found(...about))['name'])

export const rowOf = (stage: SiteStage, name: string): Promise<string> => nameOf(stage, 'Deal Line', { parent: name })
export const commentOf = (stage: SiteStage, name: string): Promise<string> =>
  nameOf(stage, 'Comment', { reference_name: name, comment_type: 'Comment' })
export const taskOf = (stage: SiteStage, name: string): Promise<string> => nameOf(stage, 'ToDo', { reference_name: name })
export const fileOf = async (stage: SiteStage, name: string): Promise<{ readonly name: string; readonly url: string }> => {
  const file = await found(stage, 'File', { attached_to_name: name })
  return { name: String(file['name']), url: String(file['file_url']) }
}
