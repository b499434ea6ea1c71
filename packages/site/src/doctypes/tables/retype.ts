import type { Connection, Dialect } from '@annex/database'
import { invalid } from '@annex/protocol'
import type { DocField, DocType } from '@annex/protocol'
import { tableName } from '../table-name.ts'
import { columnType } from './columns.ts'
import { fitted } from './conversion.ts'
import { ColumnWriter, rowsOf } from './refill-store.ts'

/** The values of a field that becomes another one. */
export interface Retype {
  readonly connection: Connection
  readonly dialect: Dialect
  readonly doctype: DocType
  /** The column that holds the values. */
  readonly source: string
  readonly from: DocField
  readonly to: DocField
  /** In which times are shown and meant. */
  readonly zone: string
}

export interface Misfits {
  readonly count: number
  /** One of them; of a child row its document. */
  readonly example: string
}

/** How many values do not fit. Writes nothing. */
export async function countMisfits(retype: Retype): Promise<Misfits> {
  return walk(retype, async () => undefined)
}

/**
 * Writes every value into the column of the new field, in its form.
 *
 * @throws {FrappeError} `ValidationError` that says how many do not fit and names one; the caller undoes what was written
 */
export async function convertColumn(retype: Retype): Promise<void> {
  const { connection, dialect, doctype, source, to } = retype
  const type = columnType(dialect, to).replace(/ collate .*/, '')
  const writer = new ColumnWriter(connection, { table: tableName(doctype.name), column: to.fieldname, type })
  const misfits = await walk(retype, (values) => {
    const changed = source === to.fieldname ? values.filter(({ before, after }) => before !== after) : values
    return writer.write(changed.map(({ name, after }) => [name, after]))
  })
  if (misfits.count > 0) throw refusal(retype, misfits)
}

type Value = Parameters<typeof fitted>[2]
interface Fitted {
  readonly name: string
  readonly before: Value
  readonly after: Value
}

async function walk(retype: Retype, write: (values: readonly Fitted[]) => Promise<void>): Promise<Misfits> {
  const { connection, doctype, source, from, to, zone } = retype
  let misfits: Misfits = { count: 0, example: '' }
  const place = doctype.istable ? ['parenttype', 'parent'] : []
  for await (const rows of rowsOf(connection, tableName(doctype.name), [source, ...place])) {
    const values: Fitted[] = []
    for (const row of rows) {
      const before = row[source] ?? null
      const after = fitted(from, to, before, zone)
      if (after !== undefined) values.push({ name: row.name, before, after })
      else misfits = { count: misfits.count + 1, example: misfits.example || placeOf(doctype, row) }
    }
    // After the first misfit nothing will be kept.
    if (misfits.count === 0) await write(values)
  }
  return misfits
}

const placeOf = (doctype: DocType, row: Readonly<Record<string, unknown>>): string =>
  doctype.istable ? `a row of ${String(row['parenttype'])} ${String(row['parent'])}` : String(row['name'])

function refusal({ doctype, from, to }: Retype, { count, example }: Misfits): Error {
  const holders = `${count} ${doctype.istable ? (count === 1 ? 'row' : 'rows') : count === 1 ? 'document' : 'documents'} of ${doctype.name}`
  const narrower = from.fieldtype === to.fieldtype
  const what = narrower ? 'too long for it now' : `no ${to.fieldtype}`
  return invalid(
    `Field ${to.fieldname}: ${holders} ${count === 1 ? 'has' : 'have'} a value that is ${what}, such as ${example.slice(0, 140)}; change ${count === 1 ? 'it' : 'them'} first, or add a new field`,
  )
}
