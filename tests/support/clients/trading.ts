import type { Engine } from '../databases.ts'
import { Api } from '../callers/api.ts'
import { startSite, type RunningSite } from '../site.ts'

const CUSTOMER = {
  name: 'Customer',
  module: 'Selling',
  custom: 1,
  autoname: 'field:customer_name',
  allow_rename: 1,
  title_field: 'customer_name',
  search_fields: 'customer_group,territory',
  fields: [
    { fieldname: 'customer_name', fieldtype: 'Data', label: 'Customer Name', reqd: 1, unique: 1 },
    { fieldname: 'customer_type', fieldtype: 'Select', label: 'Type', options: 'Company\nIndividual', default: 'Company' },
    { fieldname: 'customer_group', fieldtype: 'Data', label: 'Customer Group', in_list_view: 1 },
    { fieldname: 'territory', fieldtype: 'Data', label: 'Territory', in_list_view: 1 },
    { fieldname: 'email_id', fieldtype: 'Data', label: 'Email', options: 'Email' },
    { fieldname: 'mobile_no', fieldtype: 'Data', label: 'Mobile' },
    { fieldname: 'credit_limit', fieldtype: 'Currency', label: 'Credit Limit' },
    { fieldname: 'disabled', fieldtype: 'Check', label: 'Disabled' },
    { fieldname: 'logo', fieldtype: 'Attach', label: 'Logo' },
  ],
  permissions: [{ role: 'Sales User' }],
}

const ORDER_ITEM = {
  name: 'Order Item',
  module: 'Selling',
  custom: 1,
  istable: 1,
  fields: [
    { fieldname: 'item', fieldtype: 'Data', label: 'Item', reqd: 1 },
    { fieldname: 'qty', fieldtype: 'Float', label: 'Quantity', default: '1' },
  ],
}

const ORDER = {
  name: 'Order',
  module: 'Selling',
  custom: 1,
  is_submittable: 1,
  autoname: 'ORD-.####',
  fields: [
    { fieldname: 'customer', fieldtype: 'Link', label: 'Customer', options: 'Customer', reqd: 1 },
    { fieldname: 'day', fieldtype: 'Date', label: 'Day' },
    { fieldname: 'items', fieldtype: 'Table', label: 'Items', options: 'Order Item' },
  ],
  permissions: [{ role: 'Sales User', submit: 1, cancel: 1, amend: 1 }],
}

export const SELLER = { user: 'seller@example.com', password: 'Corr3ct-horse-seller' } as const

export interface TradingSite {
  readonly site: RunningSite
  readonly admin: Api
  /** API key and secret of the seller, who is a System Manager too, as the users of such programs are. */
  readonly key: string
  readonly secret: string
}

/** A site with customers and orders to be made, and a user with keys: what programs written for ERPNext expect to find. */
export async function startTrading(engine: Engine): Promise<TradingSite> {
  const site = await startSite(engine)
  const admin = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  await admin.insert('Role', { role_name: 'Sales User', desk_access: 1 })
  for (const doctype of [CUSTOMER, ORDER_ITEM, ORDER]) await admin.insert('DocType', doctype)
  const roles = ['Sales User', 'System Manager'].map((role) => ({ role }))
  await admin.insert('User', { email: SELLER.user, first_name: 'Seller', new_password: SELLER.password, roles })
  const { body } = await admin.post('frappe.core.doctype.user.user.generate_keys', { user: SELLER.user })
  const keys = body['message'] as { readonly api_key: string; readonly api_secret: string }
  return { site, admin, key: keys.api_key, secret: keys.api_secret }
}
