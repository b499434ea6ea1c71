import type { Connection } from '@annex/database'
import type { DocType, Document } from '@annex/protocol'
import type { Within } from './limits/kept-limits.ts'
import type { Premises } from './premises.ts'
import { tablesOf, toDocument, type StoredRow } from './shape.ts'

/** A stored document with the rows of its tables, as they stand in the database. */
export interface Held {
  readonly row: StoredRow
  /** By table field. */
  readonly rows: ReadonlyMap<string, readonly StoredRow[]>
}

/** Reads a document whole; `lock` holds it until the transaction ends, and `within` is what its row must meet. */
export async function readHeld(
  premises: Premises,
  connection: Connection,
  doctype: DocType,
  name: string,
  lock = false,
  within?: Within,
): Promise<Held | undefined> {
  const { store } = premises
  const row = await (within ? store.readRowWithin(connection, doctype, name, within, lock) : store.readRow(connection, doctype, name, lock))
  if (!row) return undefined
  const rows = new Map<string, readonly StoredRow[]>()
  for (const { fieldname, options } of tablesOf(doctype)) {
    rows.set(
      fieldname,
      await premises.store.listRows(connection, premises.doctypes.require(options), {
        parent: row.name,
        parentfield: fieldname,
        parenttype: doctype.name,
      }),
    )
  }
  return { row, rows }
}

/** What a principal may see of a document; without it, all. */
export interface Sight {
  readonly visible: ReadonlySet<string>
  visibleInRows(child: DocType): ReadonlySet<string>
}

export function toWholeDocument(premises: Premises, doctype: DocType, { row, rows }: Held, sight?: Sight): Document {
  const document = toDocument(doctype, row, premises.zone, sight?.visible)
  for (const { fieldname, options } of tablesOf(doctype)) {
    if (sight && !sight.visible.has(fieldname)) continue
    const child = premises.doctypes.require(options)
    const visible = sight?.visibleInRows(child)
    document[fieldname] = (rows.get(fieldname) ?? []).map((line) => toDocument(child, line, premises.zone, visible))
  }
  return document
}

/** The document as a decision needs it: links are text in the database as they are for readers. */
export const judged = ({ row, rows }: Held): StoredRow & Record<string, unknown> =>
  rows.size === 0 ? row : ({ ...row, ...Object.fromEntries(rows) } as StoredRow & Record<string, unknown>)
