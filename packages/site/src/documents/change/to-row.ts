import { MARKS, type DocType, type Document } from '@annex/protocol'
import { hiddenColumns } from '../../doctypes/search-text.ts'
import type { Stored } from '../../doctypes/values/to-stored.ts'
import type { Premises } from '../premises.ts'
import { columnsOf, toDocument, type StoredRow } from '../shape.ts'
import { storedValue } from './draft-value.ts'

/**
 * A draft as it is stored.
 *
 * @throws {FrappeError} `ValidationError` and its kinds for a value that its field does not take
 */
export function toRow(
  premises: Premises,
  doctype: DocType,
  draft: Document,
  stamps: Pick<StoredRow, 'creation' | 'modified'>,
  previous?: StoredRow,
): StoredRow {
  const before = previous && toDocument(doctype, previous, premises.zone)
  const row: StoredRow = {
    name: String(draft.name),
    owner: draft.owner,
    ...stamps,
    modified_by: draft.modified_by,
    docstatus: draft.docstatus,
    idx: draft.idx,
  }
  for (const field of columnsOf(doctype)) {
    const { fieldname } = field
    const known = before && { shown: before[fieldname], stored: previous[fieldname] ?? null }
    row[fieldname] = storedValue(draft, field, premises.zone, known)
  }
  for (const mark of MARKS) if (previous?.[mark]) row[mark] = previous[mark]
  if (doctype.istable) for (const key of ['parent', 'parentfield', 'parenttype']) row[key] = String(draft[key])
  return row
}

/** The columns whose value differs, and of a document the hidden ones that follow from them. */
export function changedColumns(doctype: DocType, next: StoredRow, previous: StoredRow): Record<string, Stored> {
  const changed = Object.entries(next).filter(([column, value]) => value !== (previous[column] ?? null))
  if (doctype.istable) return Object.fromEntries(changed)
  const { _search } = hiddenColumns(doctype, next.name, next)
  if (_search !== hiddenColumns(doctype, previous.name, previous)._search) changed.push(['_search', _search])
  return Object.fromEntries(changed)
}

/** The fields of a document or row whose stored value differs. */
export const changedFields = (doctype: DocType, next: StoredRow, previous: StoredRow): ReadonlySet<string> =>
  new Set(
    columnsOf(doctype)
      .map((field) => field.fieldname)
      .filter((fieldname) => next[fieldname] !== (previous[fieldname] ?? null)),
  )
