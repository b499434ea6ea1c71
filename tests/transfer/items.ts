import { setImmediate as nextTurn } from 'node:timers/promises'
import { OPTIONAL_COLUMNS } from '@annex/protocol'
import { ADMINISTRATOR } from '../../packages/site/src/policy/principal.ts'
import { fillItems } from '../bench/data/fill-items.ts'
import { benchDocTypes, GROUPS, ROLE, UNITS } from '../bench/data/item-doctype.ts'
import { openCrashSite } from '../crash/crash-site.ts'

type Values = Readonly<Record<string, unknown>>
type Fields = readonly Values[]

const found = benchDocTypes.find((doctype) => doctype['name'] === 'Item')
if (!found) throw new Error('The bench has no Item')
const item: Values = found
const fields = item['fields'] as Fields

const STANDARD = ['name', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx', '_key', '_search'] as const

/** What is read of an Item at every station; fields keep their places among these whatever they become. */
export const itemColumns: readonly string[] = [...STANDARD, ...OPTIONAL_COLUMNS, ...fields.map((field) => String(field['fieldname']))]

/** Makes a site with so many Items in an empty database. */
export async function makeItems(url: string, documents: number, signal: AbortSignal): Promise<void> {
  const { documents: verbs, database } = await openCrashSite(url)
  const insert = (doctype: string, values: Values): Promise<unknown> => verbs.insert(ADMINISTRATOR, doctype, [{ ...values }])
  await insert('Role', { role_name: ROLE, desk_access: 1 })
  for (const definition of benchDocTypes) await insert('DocType', definition)
  for (const unit of UNITS) await insert('UOM', { uom_name: unit })
  for (const group of GROUPS) await insert('Item Group', { item_group_name: group })
  await database.close()
  for (let begin = 0; begin < documents; begin += PIECE) {
    // SQLite answers at once: a signal has its turn in between.
    await nextTurn()
    signal.throwIfAborted()
    await fillItems(url, begin, Math.min(begin + PIECE, documents))
  }
}

const PIECE = 20_000

const itemFile = (changed: Fields): string => JSON.stringify({ doctype: 'DocType', ...item, fields: changed })

const retyped = (changes: Readonly<Record<string, string>>): Fields =>
  fields.map((field) => ({ ...field, fieldtype: changes[String(field['fieldname'])] ?? field['fieldtype'] }))

/** One after another: what the definition of the Item becomes, as a file for `annex doctype import`. */
export const changes: readonly { readonly name: string; readonly file: string }[] = [
  { name: 'retype Int to Data', file: itemFile(retyped({ lead_time_days: 'Data' })) },
  { name: 'retype Data to Int', file: itemFile(retyped({})) },
  { name: 'retype Int to Float, indexed', file: itemFile(retyped({ shelf_life_in_days: 'Float' })) },
  { name: 'add a field with a default', file: itemFile([...retyped({ shelf_life_in_days: 'Float' }), added()]) },
  { name: 'remove a field', file: itemFile(retyped({ shelf_life_in_days: 'Float' })) },
]

function added(): Values {
  return { fieldname: 'colour', fieldtype: 'Data', label: 'colour', default: 'grey' }
}
