import type { Connection } from '@annex/database'
import { invalid, type DocType } from '@annex/protocol'
import { hiddenColumns } from '../../doctypes/search-text.ts'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import type { Held } from '../held.ts'
import type { Premises } from '../premises.ts'
import { newDraft } from './draft.ts'
import { toRow } from './to-row.ts'
import { rowsToWrite } from './write-rows.ts'

/** The one document of a Single is found by any name, and is called as its DocType is. */
export const nameWithin = (doctype: DocType, name: string): string => (doctype.issingle ? doctype.name : name)

/** A Single that was never saved, as its defaults have it. */
export function unsavedSingle(premises: Premises, doctype: DocType): Held {
  const now = premises.clock.now()
  const levels = new Set(doctype.fields.map((field) => field.permlevel))
  const draft = Object.assign(newDraft(premises, doctype, {}, { principal: ADMINISTRATOR, now, levels }), { name: doctype.name })
  const row = toRow(premises, doctype, draft, { creation: now, modified: now })
  return { row, rows: new Map(rowsToWrite(premises, doctype, draft, now).map(({ field, rows }) => [field.fieldname, rows])) }
}

/** Stores a Single that is saved for the first time; of two callers at once the second finds what the first made. */
export async function storeSingle(premises: Premises, connection: Connection, doctype: DocType): Promise<void> {
  const { row } = unsavedSingle(premises, doctype)
  await premises.store.insertSingle(connection, doctype, row, hiddenColumns(doctype, row.name, row))
}

/** @throws {FrappeError} `ValidationError` for what there is always one of */
export function refuseSingle(doctype: DocType, act: string): void {
  if (doctype.issingle) throw invalid(`${doctype.name} is a Single: there is always one, and it cannot be ${act}; update it instead`)
}
