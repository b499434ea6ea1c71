import { RIGHTS, type Right, type Values } from '@annex/protocol'
import type { Principal } from '../../policy/principal.ts'
import type { Backend } from '../backend.ts'

/** Who the suite acts as: all rights, those of Sales Lead, of Sales Clerk, or of no role at all. */
export type Person = 'admin' | 'lead' | 'clerk' | 'nobody'

export const ROLES_OF: Readonly<Record<Exclude<Person, 'admin'>, readonly string[]>> = {
  lead: ['Sales Lead', 'Sales Clerk'],
  clerk: ['Sales Clerk'],
  nobody: [],
}

const row = (role: string, rights: readonly Right[], rest: Values = {}): Values => ({
  role,
  ...Object.fromEntries(RIGHTS.map((right) => [right, rights.includes(right) ? 1 : 0])),
  ...rest,
})
const EDIT: readonly Right[] = ['select', 'read', 'write', 'create', 'delete']
const field = (fieldname: string, fieldtype: string, rest: Values = {}): Values => ({ fieldname, fieldtype, ...rest })

const DOCTYPES: readonly Values[] = [
  {
    name: 'Unit',
    autoname: 'field:unit_name',
    fields: [field('unit_name', 'Data', { reqd: 1, unique: 1 })],
    permissions: [row('Sales Lead', EDIT), row('Sales Clerk', ['read'])],
  },
  {
    name: 'Region',
    autoname: 'field:region_name',
    fields: [field('region_name', 'Data', { reqd: 1, unique: 1 }), field('secret_note', 'Data')],
    permissions: [row('Sales Clerk', ['select'])],
  },
  {
    name: 'Stock Item',
    autoname: 'field:item_code',
    title_field: 'item_name',
    search_fields: 'item_name,item_group',
    fields: [
      field('item_code', 'Data', { reqd: 1, unique: 1 }),
      field('item_name', 'Data'),
      field('item_group', 'Select', { options: 'Products\nServices\nRaw Material' }),
      field('unit', 'Link', { options: 'Unit', reqd: 1 }),
      field('barcode', 'Data', { unique: 1 }),
      field('rate', 'Currency'),
      field('stock_qty', 'Float'),
      field('reorder_level', 'Int'),
      field('disabled', 'Check'),
      field('description', 'Text'),
      field('cost', 'Currency', { permlevel: 1 }),
    ],
    permissions: [row('Sales Lead', EDIT), row('Sales Lead', ['read', 'write'], { permlevel: 1 }), row('Sales Clerk', ['select', 'read'])],
  },
  {
    name: 'Client',
    autoname: 'field:client_name',
    allow_rename: 1,
    search_fields: 'region',
    fields: [
      field('client_name', 'Data', { reqd: 1, unique: 1 }),
      field('client_type', 'Select', { options: 'Company\nIndividual', default: 'Company' }),
      field('region', 'Data'),
      field('email', 'Data', { options: 'Email' }),
      field('since', 'Date'),
      field('last_seen', 'Datetime'),
      field('payload', 'JSON'),
      field('tax_id', 'Data', { set_only_once: 1 }),
      field('credit', 'Currency', { permlevel: 1, default: '100' }),
    ],
    permissions: [row('Sales Lead', EDIT), row('Sales Clerk', ['select', 'read', 'write', 'create'])],
  },
  {
    name: 'Quote Line',
    istable: 1,
    fields: [
      field('item', 'Link', { options: 'Stock Item', reqd: 1 }),
      field('item_name', 'Data', { fetch_from: 'item.item_name' }),
      field('qty', 'Float', { reqd: 1 }),
      field('price', 'Currency'),
      field('margin', 'Percent', { permlevel: 1 }),
    ],
  },
  {
    name: 'Quote',
    autoname: 'naming_series:',
    is_submittable: 1,
    fields: [
      field('naming_series', 'Select', { options: 'QTN-.#####' }),
      field('client', 'Link', { options: 'Client', reqd: 1 }),
      field('client_region', 'Data', { fetch_from: 'client.region' }),
      field('quote_date', 'Date'),
      field('lines', 'Table', { options: 'Quote Line' }),
      field('total', 'Currency'),
      field('remarks', 'Small Text', { allow_on_submit: 1 }),
      field('amended_from', 'Link', { options: 'Quote' }),
    ],
    permissions: [row('Sales Lead', [...EDIT, 'submit', 'cancel', 'amend']), row('Sales Clerk', ['read', 'write', 'create'])],
  },
  {
    name: 'Note Card',
    autoname: 'hash',
    fields: [field('subject', 'Data', { reqd: 1 }), field('body', 'Text')],
    permissions: [row('All', ['read', 'write', 'create', 'delete'], { if_owner: 1 })],
  },
]

const WORDS = ['Bolt', 'Nut', 'Washer', 'Gear', 'Consulting']
const items: readonly Values[] = Array.from({ length: 25 }, (_, index) => ({
  item_code: `ITEM-${String(index + 1).padStart(3, '0')}`,
  item_name: `${WORDS[index % 5]} ${index + 1}`,
  item_group: index % 5 < 3 ? 'Products' : index % 5 === 3 ? 'Raw Material' : 'Services',
  unit: index % 5 === 4 ? 'Hour' : 'Nos',
  rate: (index + 1) * 10.5,
  stock_qty: index * 2,
  reorder_level: index,
  cost: index + 0.5,
}))

const DOCUMENTS: readonly (readonly [doctype: string, documents: readonly Values[]])[] = [
  ['Unit', [{ unit_name: 'Nos' }, { unit_name: 'Kg' }, { unit_name: 'Hour' }]],
  [
    'Region',
    [
      { region_name: 'North', secret_note: 'hidden' },
      { region_name: 'South', secret_note: 'hidden' },
    ],
  ],
  ['Stock Item', items],
  [
    'Client',
    [
      { client_name: 'Acme', region: 'North', since: '2026-01-31', last_seen: '2026-02-03 04:05:06' },
      { client_name: 'Bluth', region: 'South', since: '2026-02-28' },
      { client_name: 'Clark', client_type: 'Individual', region: 'North' },
      { client_name: 'Dunder', region: 'East' },
    ],
  ],
  [
    'Quote',
    [
      {
        client: 'Acme',
        quote_date: '2026-03-01',
        total: 0.1,
        lines: [
          { item: 'ITEM-001', qty: 2, price: 10.5, margin: 7 },
          { item: 'ITEM-002', qty: 3, price: 21 },
        ],
      },
      { client: 'Bluth', total: 0.2, lines: [{ item: 'ITEM-003', qty: 1, price: 31.5 }] },
    ],
  ],
]

/** Makes what the contract suite of a Backend looks at, on an empty site, through the Backend that keeps it. */
export async function fillWorld(backend: Backend, admin: Principal): Promise<void> {
  await backend.insert(admin, 'Role', [{ role_name: 'Sales Clerk' }, { role_name: 'Sales Lead' }])
  for (const doctype of DOCTYPES) await backend.insert(admin, 'DocType', [{ module: 'Custom', custom: 1, ...doctype }])
  for (const [doctype, documents] of DOCUMENTS) await backend.insert(admin, doctype, documents)
}
