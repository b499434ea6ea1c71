import { PASSWORD, siteGround, type OpensSite, type WholeSite } from './site-stage.fixture.ts'

/** May do everything with the documents below. */
export const ALICE = 'alice@example.com'
/** System Manager. */
export const MIA = 'mia@example.com'
/** What no answer may hold: only Customer's scope opens it. */
export const LIMIT = 50_317

const ALL = { role: 'All', select: 1, submit: 1, cancel: 1, amend: 1 }
export const doctype = (name: string, fields: readonly object[] = [], more: object = {}): Record<string, unknown> => ({
  name,
  module: 'Trading',
  custom: 1,
  autoname: 'field:title',
  allow_rename: 1,
  fields: [{ fieldname: 'title', fieldtype: 'Data', label: 'Title', reqd: 1 }, ...fields],
  permissions: [ALL],
  ...more,
})
const link = (fieldname: string, options: string): object => ({ fieldname, fieldtype: 'Link', options, label: fieldname })

const DOCTYPES = [
  doctype('Item', [link('maker', 'User')]),
  doctype('Customer', [{ fieldname: 'credit_limit', fieldtype: 'Currency', label: 'Credit Limit' }]),
  doctype('Quote Line', [link('item', 'Item')], { istable: 1, autoname: 'hash', permissions: [] }),
  doctype(
    'Quote',
    [
      link('customer', 'Customer'),
      { fieldname: 'lines', fieldtype: 'Table', options: 'Quote Line', label: 'Lines' },
      { fieldname: 'remark', fieldtype: 'Data', label: 'Remark', allow_on_submit: 1 },
      link('about_type', 'DocType'),
      { fieldname: 'about', fieldtype: 'Dynamic Link', options: 'about_type', label: 'About' },
    ],
    { is_submittable: 1 },
  ),
]

/** What apps may ask for here. */
export const SCOPES = {
  scopes: 'openid all *:read *:write Item:* Customer:* Quote:* File:* method:frappe.core.*',
}

/** A site with documents of trade, a person who may do everything with them, and a System Manager. */
export const tradingGround: OpensSite = siteGround(async (on: WholeSite) => {
  for (const values of DOCTYPES) await on.insert('DocType', values)
  await on.insert('User', { email: ALICE, first_name: 'Alice', new_password: PASSWORD })
  await on.insert('User', { email: MIA, first_name: 'Mia', new_password: PASSWORD, roles: [{ role: 'System Manager' }] })
  await on.insert('Item', { title: 'Bolt', maker: MIA })
  await on.insert('Customer', { title: 'Northern Mills', credit_limit: LIMIT })
  const about = { about_type: 'Customer', about: 'Northern Mills' }
  await on.insert('Quote', { title: 'Q1', customer: 'Northern Mills', lines: [{ title: 'First', item: 'Bolt' }], ...about })
  await on.insert('Quote', { title: 'Q9', docstatus: 1 })
})
