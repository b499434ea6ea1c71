import type { Connection } from '@annex/database'
import type { DocField, DocType, Document } from '@annex/protocol'
import { toShown } from '../../../doctypes/values/to-shown.ts'
import { listTargets } from '../../link-store.ts'
import type { Premises } from '../../premises.ts'
import { columnsOf, fieldOf, rowsOf, tablesOf } from '../../shape.ts'
import { setValue } from '../draft-value.ts'

/**
 * Fills what is empty and has the default of another document: `:Company` is the field of the same name of that Company
 * which the document names as its `company`, or of the Single of that name.
 *
 * @param isNew - of rows, which are new
 */
export async function setDocumentDefaults(
  premises: Premises,
  connection: Connection,
  doctype: DocType,
  draft: Document,
  isNew: (holder: Document) => boolean,
): Promise<void> {
  const holders = [
    { type: doctype, holder: draft },
    ...tablesOf(doctype).flatMap((table) =>
      rowsOf(draft, table).map((holder) => ({ type: premises.doctypes.require(table.options), holder })),
    ),
  ]
  for (const { type, holder } of holders) {
    for (const field of borrowing(type)) {
      if (isNew(holder) && isBlank(holder[field.fieldname])) await borrow(premises, connection, field, holder, draft)
    }
  }
}

const borrowers = new WeakMap<DocType, readonly DocField[]>()

function borrowing(doctype: DocType): readonly DocField[] {
  let fields = borrowers.get(doctype)
  if (!fields) borrowers.set(doctype, (fields = columnsOf(doctype).filter((field) => field.default?.startsWith(':'))))
  return fields
}

const isBlank = (value: unknown): boolean => value === null || value === undefined || value === '' || value === 0

async function borrow(premises: Premises, connection: Connection, field: DocField, holder: Document, draft: Document): Promise<void> {
  const lender = premises.doctypes.get((field.default ?? '').slice(1).trim())
  const lent = lender && fieldOf(lender, field.fieldname)
  if (!lender || !lent || lender.virtual || !columnsOf(lender).includes(lent)) return
  const key = lender.name.toLowerCase().replaceAll(/[ -]/g, '_')
  const name = lender.issingle ? lender.name : (holder[key] ?? draft[key])
  if (typeof name !== 'string' || name === '') return
  const [target] = await listTargets(premises, connection, lender, [name], [lent.fieldname])
  if (target) setValue(holder, field, toShown(lent, target[lent.fieldname] ?? null, premises.zone), premises.zone)
}
