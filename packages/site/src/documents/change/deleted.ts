import type { Connection } from '@annex/database'
import type { Document } from '@annex/protocol'
import { randomName } from '../../doctypes/naming/name-for.ts'
import { hiddenColumns } from '../../doctypes/search-text.ts'
import type { Principal } from '../../policy/principal.ts'
import type { Premises } from '../premises.ts'
import { newDraft } from './draft.ts'
import { toRow } from './to-row.ts'

/** Written by the site about other documents: of them nothing is kept. */
const NOT_KEPT: ReadonlySet<string> = new Set(['Comment', 'Deleted Document', 'DocShare', 'Version'])

/** Keeps what a removed document held, as JSON text in a Deleted Document; secrets are stars there as they are everywhere. */
export async function keepDeleted(premises: Premises, connection: Connection, principal: Principal, document: Document): Promise<void> {
  const doctype = premises.doctypes.get('Deleted Document')
  if (!doctype || NOT_KEPT.has(document.doctype)) return
  const now = premises.clock.now()
  const shaped = premises.controllers.get(document.doctype)?.shape?.(document) ?? document
  const values = { deleted_doctype: document.doctype, deleted_name: String(document.name), data: JSON.stringify(shaped, null, 1) }
  const draft = newDraft(premises, doctype, values, { principal, now, levels: new Set(doctype.fields.map((field) => field.permlevel)) })
  draft.name = randomName()
  const row = toRow(premises, doctype, draft, { creation: now, modified: now })
  await premises.store.insertRow(connection, doctype, row, hiddenColumns(doctype, row.name, row))
}
