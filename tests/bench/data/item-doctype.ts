type Values = Readonly<Record<string, unknown>>

type Field = readonly [fieldname: string, fieldtype: string, more?: Values]

const FIELDS: readonly Field[] = [
  ['item_code', 'Data', { reqd: 1, unique: 1, in_list_view: 1 }],
  ['item_name', 'Data', { in_list_view: 1 }],
  ['item_group', 'Link', { options: 'Item Group', reqd: 1 }],
  ['stock_uom', 'Link', { options: 'UOM', reqd: 1 }],
  ['brand', 'Data'],
  ['description', 'Text'],
  ['disabled', 'Check'],
  ['is_stock_item', 'Check', { default: '1' }],
  ['is_sales_item', 'Check', { default: '1' }],
  ['is_purchase_item', 'Check', { default: '1' }],
  ['has_batch_no', 'Check'],
  ['has_serial_no', 'Check'],
  ['has_variants', 'Check'],
  ['valuation_method', 'Select', { options: 'FIFO\nMoving Average' }],
  ['standard_rate', 'Currency'],
  ['valuation_rate', 'Currency'],
  ['last_purchase_rate', 'Currency'],
  ['opening_stock', 'Float'],
  ['safety_stock', 'Float'],
  ['min_order_qty', 'Float'],
  ['max_discount', 'Percent'],
  ['weight_per_unit', 'Float'],
  ['weight_uom', 'Link', { options: 'UOM' }],
  ['shelf_life_in_days', 'Int', { search_index: 1 }],
  ['lead_time_days', 'Int'],
  ['end_of_life', 'Date'],
  ['country_of_origin', 'Data'],
  ['customs_tariff_number', 'Data'],
  ['manufacturer', 'Data'],
  ['manufacturer_part_no', 'Data'],
]

export const ROLE = 'Bench Clerk'

const doctype = (name: string, autoname: string, fields: readonly Field[], more: Values = {}): Values => ({
  name,
  module: 'Bench',
  custom: 1,
  autoname,
  fields: fields.map(([fieldname, fieldtype, attributes]) => ({
    fieldname,
    fieldtype,
    label: fieldname.replaceAll('_', ' '),
    ...attributes,
  })),
  permissions: [{ role: ROLE, select: 1, read: 1, write: 1, create: 1, delete: 0 }],
  ...more,
})

const named = (name: string, fieldname: string): Values =>
  doctype(name, `field:${fieldname}`, [[fieldname, 'Data', { reqd: 1, unique: 1 }]])

/** An Item of thirty fields, shaped as ERPNext's users know it, and what it links to. */
export const benchDocTypes: readonly Values[] = [
  named('UOM', 'uom_name'),
  named('Item Group', 'item_group_name'),
  doctype('Item', 'field:item_code', FIELDS, { title_field: 'item_name', search_fields: 'item_name,item_group', track_changes: 1 }),
]

export const UNITS = ['Nos', 'Kg', 'Litre', 'Metre'] as const
export const GROUPS = ['Products', 'Raw Material', 'Services', 'Consumable', 'Spare Parts'] as const

/** How many different values the indexed field has. */
export const SHELF_LIVES = 3650

const KINDS = ['Bolt', 'Bracket', 'Cable', 'Filter', 'Gasket', 'Hinge', 'Lamp', 'Motor', 'Pump', 'Sensor', 'Valve', 'Washer'] as const
const MATTERS = ['brass', 'steel', 'copper', 'rubber', 'nylon', 'ceramic', 'aluminium'] as const

const pick = <T>(list: readonly [T, ...T[]], index: number): T => list[index % list.length] ?? list[0]

export const itemCode = (index: number): string => `ITEM-${String(index).padStart(6, '0')}`
export const itemName = (index: number): string => `${pick(KINDS, index)} ${pick(MATTERS, Math.floor(index / KINDS.length))} ${index * 7}`

/** The values that a caller sends; the same index gives the same document. */
export const itemValues = (index: number, code = itemCode(index)): Values => ({
  item_code: code,
  item_name: itemName(index),
  item_group: pick(GROUPS, index),
  stock_uom: pick(UNITS, index),
  brand: `Brand ${index % 40}`,
  description: `${itemName(index)}, packed by the dozen, for indoor and outdoor use. Kept in row ${index % 90}.`,
  valuation_method: 'FIFO',
  standard_rate: (index % 5000) + 0.75,
  valuation_rate: (index % 5000) * 0.6,
  last_purchase_rate: (index % 5000) * 0.58,
  safety_stock: index % 25,
  weight_per_unit: (index % 400) / 8,
  weight_uom: 'Kg',
  shelf_life_in_days: index % SHELF_LIVES,
  lead_time_days: index % 30,
  end_of_life: '2099-12-31',
  country_of_origin: 'Germany',
  manufacturer: `Maker ${index % 120}`,
  manufacturer_part_no: `P-${index * 13}`,
})
