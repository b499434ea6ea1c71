import type { Connection } from '@annex/database'
import { fieldKind, type DocType } from '@annex/protocol'
import { randomName } from '../../doctypes/naming/name-for.ts'
import { hiddenColumns } from '../../doctypes/search-text.ts'
import type { Stored } from '../../doctypes/values/to-stored.ts'
import type { Premises } from '../premises.ts'
import { columnsOf, type StoredRow } from '../shape.ts'

/**
 * Writes what the site itself says of a document (a version, a log entry), in the transaction of the change it speaks of.
 *
 * One prepared insert; values are stored as they are given, and no listener hears of it.
 *
 * @param searched - whether link search finds it; otherwise its index has nothing to keep
 * @returns its name
 */
export async function insertNote(
  premises: Premises,
  connection: Connection,
  doctypeName: string,
  owner: string,
  values: Readonly<Record<string, Stored>>,
  searched = false,
): Promise<string> {
  const doctype = premises.doctypes.require(doctypeName)
  const now = premises.clock.now()
  const stamps = { name: randomName(), owner, creation: now, modified: now, modified_by: owner, docstatus: 0, idx: 0 }
  const row: StoredRow = { ...emptyOf(doctype), ...values, ...stamps }
  const hidden = hiddenColumns(doctype, row.name, row)
  await premises.store.insertRow(connection, doctype, row, searched ? hidden : { ...hidden, _search: '' })
  return row.name
}

const known = new WeakMap<DocType, Readonly<Record<string, Stored>>>()

const NUMBERS: ReadonlySet<unknown> = new Set(['int', 'check', 'decimal'])

/** Numbers are never empty. */
function emptyOf(doctype: DocType): Readonly<Record<string, Stored>> {
  let empty = known.get(doctype)
  if (!empty) {
    empty = Object.fromEntries(columnsOf(doctype).map((field) => [field.fieldname, NUMBERS.has(fieldKind(field)) ? 0 : null]))
    known.set(doctype, empty)
  }
  return empty
}
