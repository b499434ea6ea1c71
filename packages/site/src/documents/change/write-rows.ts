import type { Connection } from '@annex/database'
import type { DocField, DocType, Document } from '@annex/protocol'
import type { Held } from '../held.ts'
import type { Premises } from '../premises.ts'
import { rowsOf, tablesOf, type StoredRow } from '../shape.ts'
import { naming } from './duplicates.ts'
import { changedColumns, changedFields, toRow } from './to-row.ts'

/** The rows of one table field as they will be stored, and in what they differ from those that are. */
export interface WrittenRows {
  readonly field: DocField
  readonly child: DocType
  readonly rows: readonly StoredRow[]
  readonly previous: ReadonlyMap<string, StoredRow>
  readonly added: boolean
  readonly removed: boolean
  /** Of each row that stays, the fields that change. */
  readonly changed: readonly ReadonlySet<string>[]
}

/** The rows of a draft in their final order: numbered, tied to their document, with its docstatus. */
export function rowsToWrite(premises: Premises, doctype: DocType, draft: Document, now: number, held?: Held): WrittenRows[] {
  return tablesOf(doctype).map((field) => {
    const child = premises.doctypes.require(field.options)
    const previous = new Map((held?.rows.get(field.fieldname) ?? []).map((row) => [row.name, row]))
    const lines = rowsOf(draft, field)
    const isNumbered = lines.every((row, index) => row.idx > (lines[index - 1]?.idx ?? 0))
    const rows = lines.map((row, index) =>
      rowToWrite(premises, child, draft, row, isNumbered ? row.idx : index + 1, now, previous.get(String(row.name))),
    )
    const kept = rows.filter((row) => previous.has(row.name))
    const changed = kept.map((row) => changedFields(child, row, previous.get(row.name)!))
    return { field, child, rows, previous, added: kept.length < rows.length, removed: kept.length < previous.size, changed }
  })
}

function rowToWrite(
  premises: Premises,
  child: DocType,
  draft: Document,
  row: Document,
  idx: number,
  now: number,
  previous?: StoredRow,
): StoredRow {
  Object.assign(row, { idx, docstatus: draft.docstatus, parent: draft.name })
  const next = toRow(premises, child, row, { creation: previous?.creation ?? now, modified: previous?.modified ?? now }, previous)
  if (!previous || Object.keys(changedColumns(child, next, previous)).length === 0) return next
  return { ...next, modified: now, modified_by: draft.modified_by }
}

/** Writes what differs: new rows, changed ones, and the removal of those left out. */
export async function writeRows(premises: Premises, connection: Connection, { child, rows, previous }: WrittenRows): Promise<void> {
  const kept = new Set(rows.map((row) => row.name))
  for (const name of previous.keys()) if (!kept.has(name)) await premises.store.removeRow(connection, child, name)
  for (const row of rows) {
    const before = previous.get(row.name)
    const changes = before && changedColumns(child, row, before)
    if (!changes) await naming(premises, child, row.name, () => premises.store.insertRow(connection, child, row))
    else if (Object.keys(changes).length > 0)
      await naming(premises, child, row.name, () => premises.store.updateRow(connection, child, row.name, changes))
  }
}
