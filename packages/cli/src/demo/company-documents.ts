import type { Values } from '@annex/connector'

/** The demo company's documents: made by rule, the same at every first start but for the dates, which end today. */

export interface NewDocument {
  readonly doctype: string
  readonly values: Values
}

const THINGS = [
  'Bolt',
  'Nut',
  'Washer',
  'Gear',
  'Bearing',
  'Spring',
  'Bracket',
  'Hinge',
  'Valve',
  'Coupling',
  'Pulley',
  'Shaft',
  'Gasket',
  'Bushing',
  'Chain',
  'Clamp',
  'Rivet',
  'Screw',
  'Sprocket',
  'Flange',
]
const KINDS = [
  'Steel M4',
  'Steel M6',
  'Steel M8',
  'Brass M6',
  'Brass M8',
  'Stainless M6',
  'Stainless M10',
  'Nylon M8',
  'Zinc M12',
  'Titanium M5',
]
const FIRST = ['North', 'South', 'East', 'West', 'Upper', 'Lower', 'Old', 'New', 'Grand', 'Little']
const SECOND = ['Harbour Works', 'Mill Supplies', 'Bridge Traders', 'Valley Machines', 'Market Tools', 'River Engineering']
const TERRITORIES = ['Coast', 'Highlands', 'Plains', 'Capital', 'Islands']
const PEOPLE = ['Amara', 'Bilal', 'Chen', 'Dara', 'Elif', 'Farid', 'Goran', 'Hana', 'Ivo', 'Jun', 'Kaya', 'Lena']
const COMPANY = 'Annex Trading'
const SALES_INVOICES = 240
const PURCHASE_INVOICES = 120
const DAY = 86_400_000

const at = <T>(list: readonly T[], index: number): T => list[index % list.length]!
const dateText = (date: Date): string => date.toISOString().slice(0, 10)
const money = (amount: number): number => Math.round(amount * 100) / 100
const itemCode = (index: number): string => `${at(THINGS, index).slice(0, 3).toUpperCase()}-${String(index + 1).padStart(4, '0')}`
const itemRate = (index: number): number => money(1.5 + ((index * 37) % 190) * 0.85)
const customerName = (index: number): string => `${at(FIRST, index)} ${at(SECOND, Math.floor(index / FIRST.length))}`
const supplierName = (index: number): string =>
  `${at(['Anvil', 'Beacon', 'Cobalt', 'Delta', 'Ember', 'Forge'], index)} ${at(['Metals', 'Polymers'], Math.floor(index / 6))}`

/** Everything that the invoices link to. */
export function masterDocuments(today: Date): NewDocument[] {
  const year = today.getUTCFullYear()
  return [
    { doctype: 'Company', values: { company_name: COMPANY, abbr: 'AT', default_currency: 'EUR', country: 'Netherlands' } },
    ...['Nos', 'Box', 'Kg', 'Metre', 'Hour'].map((uom, index) => ({
      doctype: 'UOM',
      values: { uom_name: uom, must_be_whole_number: index < 2 ? 1 : 0 },
    })),
    { doctype: 'Price List', values: { price_list_name: 'Standard Selling', currency: 'EUR', selling: 1 } },
    { doctype: 'Price List', values: { price_list_name: 'Standard Buying', currency: 'EUR', buying: 1 } },
    ...[year - 1, year].map((one) => ({
      doctype: 'Fiscal Year',
      values: { year: String(one), year_start_date: `${one}-01-01`, year_end_date: `${one}-12-31` },
    })),
    ...Array.from({ length: 200 }, (_, index) => item(index)),
    ...Array.from({ length: 60 }, (_, index) => customer(index)),
    ...Array.from({ length: 12 }, (_, index) => ({
      doctype: 'Supplier',
      values: { supplier_name: supplierName(index), country: at(['Netherlands', 'India', 'Poland'], index) },
    })),
    ...Array.from({ length: 24 }, (_, index) => contact(index)),
  ]
}

function item(index: number): NewDocument {
  const name = `${at(THINGS, index)} ${at(KINDS, Math.floor(index / THINGS.length))}`
  const values = {
    item_code: itemCode(index),
    item_name: name,
    item_group: at(['Products', 'Products', 'Raw Material', 'Consumable'], index),
    stock_uom: at(['Nos', 'Nos', 'Box'], index),
  }
  return {
    doctype: 'Item',
    values: {
      ...values,
      standard_rate: itemRate(index),
      valuation_rate: money(itemRate(index) * 0.6),
      description: `${name}, sold by the ${values.stock_uom === 'Box' ? 'box' : 'piece'}`,
    },
  }
}

function customer(index: number): NewDocument {
  const values = {
    customer_name: customerName(index),
    customer_type: index % 9 === 8 ? 'Individual' : 'Company',
    customer_group: at(['Wholesale', 'Retail', 'Government'], index),
  }
  return {
    doctype: 'Customer',
    values: {
      ...values,
      territory: at(TERRITORIES, index),
      default_price_list: 'Standard Selling',
      credit_limit: 1000 * (1 + (index % 20)),
    },
  }
}

function contact(index: number): NewDocument {
  const first = at(PEOPLE, index)
  const last = at(['Visser', 'Okafor', 'Singh', 'Novak'], Math.floor(index / PEOPLE.length) + index)
  return {
    doctype: 'Contact',
    values: {
      first_name: first,
      last_name: last,
      full_name: `${first} ${last}`,
      email_id: `${first}.${last}.${index}@example.com`.toLowerCase(),
      customer: customerName(index * 2),
    },
  }
}

/** A year of invoices that ends today, all drafts. */
export function invoices(today: Date): NewDocument[] {
  const sales = Array.from({ length: SALES_INVOICES }, (_, index) =>
    invoice('Sales Invoice', { customer: customerName((index * 7) % 60) }, index, SALES_INVOICES, today),
  )
  const purchases = Array.from({ length: PURCHASE_INVOICES }, (_, index) =>
    invoice('Purchase Invoice', { supplier: supplierName(index % 12) }, index, PURCHASE_INVOICES, today),
  )
  return [...sales, ...purchases]
}

function invoice(doctype: string, party: Values, index: number, total: number, today: Date): NewDocument {
  const posted = new Date(today.getTime() - Math.round(((total - 1 - index) / total) * 365) * DAY)
  const items = Array.from({ length: 1 + (index % 4) }, (_, line) => invoiceLine(index * 3 + line * 11, line))
  const net = money(items.reduce((sum, line) => sum + line.amount, 0))
  const dates = { posting_date: dateText(posted), due_date: dateText(new Date(posted.getTime() + 30 * DAY)) }
  const totals = { total_qty: items.reduce((sum, line) => sum + line.qty, 0), net_total: net, grand_total: money(net * 1.21) }
  return { doctype, values: { ...party, company: COMPANY, ...dates, items, ...totals } }
}

function invoiceLine(seed: number, line: number): { item_code: string; qty: number; uom: string; rate: number; amount: number } {
  const index = seed % 200
  const qty = 1 + ((seed + line * 5) % 24)
  return { item_code: itemCode(index), qty, uom: 'Nos', rate: itemRate(index), amount: money(qty * itemRate(index)) }
}
