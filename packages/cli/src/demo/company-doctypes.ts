import type { Values } from '@annex/connector'

/** The DocTypes of the demo's trading company: a small part of what ERPNext's users know, under the names they know. */

type Field = readonly [fieldname: string, fieldtype: string, more?: Values]

const SALES_READ = ['Sales User', 'Sales Manager']
const label = (fieldname: string): string =>
  fieldname
    .split('_')
    .map((word) => word[0]?.toUpperCase() + word.slice(1))
    .join(' ')
const field = ([fieldname, fieldtype, more]: Field): Values => ({ fieldname, fieldtype, label: label(fieldname), ...more })

const ALL_RIGHTS = { select: 1, read: 1, write: 1, create: 1, delete: 1, report: 1, export: 1, share: 1, print: 1, email: 1 }
const READ_ONLY = { select: 1, read: 1, write: 0, create: 0, delete: 0, report: 1, export: 0, share: 0, print: 1, email: 0 }
const CLERK = { ...READ_ONLY, write: 1, create: 1 }

const forRole = (role: string, rights: Values): Values => ({ role, ...rights })
const manager = forRole('System Manager', ALL_RIGHTS)
const readers = SALES_READ.map((role) => forRole(role, READ_ONLY))

function doctype(name: string, autoname: string, fields: readonly Field[], permissions: readonly Values[], more: Values = {}): Values {
  return { name, module: 'Trading', custom: 1, autoname, fields: fields.map(field), permissions, ...more }
}

function rows(name: string, fields: readonly Field[]): Values {
  return { name, module: 'Trading', custom: 1, istable: 1, autoname: 'hash', fields: fields.map(field), permissions: [] }
}

const LINE: readonly Field[] = [
  ['item_code', 'Link', { options: 'Item', reqd: 1, in_list_view: 1 }],
  ['item_name', 'Data', { fetch_from: 'item_code.item_name' }],
  ['qty', 'Float', { reqd: 1, in_list_view: 1 }],
  ['uom', 'Link', { options: 'UOM' }],
  ['rate', 'Currency', { in_list_view: 1 }],
  ['amount', 'Currency', { in_list_view: 1 }],
]

const invoice = (party: string, series: string, lines: string, roles: readonly Values[]): Values =>
  doctype(
    `${party === 'customer' ? 'Sales' : 'Purchase'} Invoice`,
    'naming_series:',
    [
      ['naming_series', 'Select', { options: series, default: series }],
      [party, 'Link', { options: label(party), reqd: 1, in_list_view: 1 }],
      ['company', 'Link', { options: 'Company', reqd: 1 }],
      ['posting_date', 'Date', { default: 'Today', reqd: 1, in_list_view: 1, search_index: 1 }],
      ['due_date', 'Date'],
      ['items', 'Table', { options: lines, reqd: 1 }],
      ['total_qty', 'Float'],
      ['net_total', 'Currency'],
      ['grand_total', 'Currency', { in_list_view: 1 }],
      ['remarks', 'Small Text', { allow_on_submit: 1 }],
    ],
    roles,
    { is_submittable: 1, search_fields: `${party},posting_date`, title_field: party },
  )

/** In the order in which they can be made: a Link's target comes before the Link. */
export const companyDocTypes: readonly Values[] = [
  doctype(
    'Company',
    'field:company_name',
    [
      ['company_name', 'Data', { reqd: 1, unique: 1 }],
      ['abbr', 'Data', { length: 5 }],
      ['default_currency', 'Data'],
      ['country', 'Data'],
    ],
    [manager, ...readers],
  ),
  doctype(
    'UOM',
    'field:uom_name',
    [
      ['uom_name', 'Data', { reqd: 1, unique: 1 }],
      ['must_be_whole_number', 'Check'],
    ],
    [manager, ...readers],
  ),
  doctype(
    'Price List',
    'field:price_list_name',
    [
      ['price_list_name', 'Data', { reqd: 1, unique: 1 }],
      ['currency', 'Data'],
      ['selling', 'Check'],
      ['buying', 'Check'],
      ['enabled', 'Check', { default: '1' }],
    ],
    [manager, ...readers],
  ),
  doctype(
    'Fiscal Year',
    'field:year',
    [
      ['year', 'Data', { reqd: 1, unique: 1 }],
      ['year_start_date', 'Date', { reqd: 1 }],
      ['year_end_date', 'Date', { reqd: 1 }],
    ],
    [manager, ...readers],
  ),
  doctype(
    'Item',
    'field:item_code',
    [
      ['item_code', 'Data', { reqd: 1, unique: 1, in_list_view: 1 }],
      ['item_name', 'Data', { in_list_view: 1 }],
      ['item_group', 'Select', { options: 'Products\nRaw Material\nServices\nConsumable', default: 'Products' }],
      ['stock_uom', 'Link', { options: 'UOM', reqd: 1 }],
      ['standard_rate', 'Currency'],
      ['valuation_rate', 'Currency', { permlevel: 1 }],
      ['disabled', 'Check', { default: '0' }],
      ['description', 'Text'],
    ],
    [
      manager,
      forRole('System Manager', { ...READ_ONLY, write: 1, permlevel: 1 }),
      forRole('Sales User', READ_ONLY),
      forRole('Sales Manager', CLERK),
      forRole('Sales Manager', { ...READ_ONLY, write: 1, permlevel: 1 }),
    ],
    { search_fields: 'item_name,item_group', title_field: 'item_name' },
  ),
  doctype(
    'Customer',
    'field:customer_name',
    [
      ['customer_name', 'Data', { reqd: 1, unique: 1, in_list_view: 1 }],
      ['customer_type', 'Select', { options: 'Company\nIndividual', default: 'Company' }],
      ['customer_group', 'Data'],
      ['territory', 'Data', { in_list_view: 1 }],
      ['default_price_list', 'Link', { options: 'Price List' }],
      ['credit_limit', 'Currency', { permlevel: 1 }],
      ['disabled', 'Check', { default: '0' }],
    ],
    [
      manager,
      forRole('System Manager', { ...READ_ONLY, write: 1, permlevel: 1 }),
      forRole('Sales User', CLERK),
      forRole('Sales Manager', { ...CLERK, delete: 1 }),
      forRole('Sales Manager', { ...READ_ONLY, write: 1, permlevel: 1 }),
    ],
    { search_fields: 'customer_group,territory' },
  ),
  doctype(
    'Supplier',
    'field:supplier_name',
    [
      ['supplier_name', 'Data', { reqd: 1, unique: 1 }],
      ['supplier_type', 'Select', { options: 'Company\nIndividual', default: 'Company' }],
      ['country', 'Data'],
    ],
    [manager, forRole('Sales Manager', READ_ONLY)],
    { search_fields: 'country' },
  ),
  doctype(
    'Contact',
    'hash',
    [
      ['first_name', 'Data', { reqd: 1 }],
      ['last_name', 'Data'],
      ['full_name', 'Data'],
      ['email_id', 'Data', { options: 'Email' }],
      ['mobile_no', 'Data'],
      ['customer', 'Link', { options: 'Customer' }],
    ],
    [manager, forRole('Sales User', CLERK), forRole('Sales Manager', { ...CLERK, delete: 1 })],
    { search_fields: 'email_id,customer', title_field: 'full_name', show_title_field_in_link: 1 },
  ),
  rows('Sales Invoice Item', LINE),
  invoice('customer', 'SINV-.YYYY.-.#####', 'Sales Invoice Item', [
    forRole('System Manager', { ...ALL_RIGHTS, submit: 1, cancel: 1, amend: 1 }),
    forRole('Sales User', READ_ONLY),
    forRole('Sales Manager', { ...CLERK, submit: 1, cancel: 1, amend: 1 }),
  ]),
  rows('Purchase Invoice Item', LINE),
  invoice('supplier', 'PINV-.YYYY.-.#####', 'Purchase Invoice Item', [
    forRole('System Manager', { ...ALL_RIGHTS, submit: 1, cancel: 1, amend: 1 }),
    forRole('Sales Manager', READ_ONLY),
  ]),
]
