import type { DocType } from '@annex/protocol'
import { formatTimestamp } from '../../../doctypes/values/timestamps.ts'
import type { Sight } from '../../held.ts'
import { childOf } from '../../permit.ts'
import type { Premises } from '../../premises.ts'
import { fieldOf } from '../../shape.ts'
import type { Changed, WholeRow } from './difference.ts'
import { listVersions } from './version-store.ts'
import { parseContent, type VersionContent } from './version-listener.ts'

export interface SeenVersion {
  readonly name: string
  readonly owner: string
  readonly creation: string
  /** JSON text. */
  readonly data: string
}

const SHOWN = 10
/** What tells apart, orders and dates rows, whoever may read the table. */
const ROW_KEYS: ReadonlySet<string> = new Set([
  'name',
  'owner',
  'creation',
  'modified',
  'modified_by',
  'docstatus',
  'idx',
  'parent',
  'parentfield',
  'parenttype',
  'doctype',
])
const STANDARD: ReadonlySet<string> = new Set(['name', 'docstatus'])

/** The last versions of a document that its reader may read, without the fields that are hidden from them. */
export async function listSeenVersions(premises: Premises, doctype: DocType, name: string, sight: Sight): Promise<SeenVersion[]> {
  const rows = await listVersions(premises.database.connection, premises.dialect, doctype.name, name, SHOWN)
  return rows.flatMap((row) => {
    const content = parseContent(row.data)
    const seen = content && seenContent(premises, doctype, content, sight)
    if (!seen) return []
    return [{ name: row.name, owner: row.owner, creation: formatTimestamp(row.creation, premises.zone), data: JSON.stringify(seen) }]
  })
}

/** Undefined when all that changed is hidden: that something did is not told either. */
function seenContent(premises: Premises, doctype: DocType, content: VersionContent, sight: Sight): VersionContent | undefined {
  if (content.created_by !== undefined) return content
  const inRow = (table: string): ReadonlySet<string> => {
    const child = sight.visible.has(table) ? childOf(premises)(fieldOf(doctype, table)?.options ?? '') : undefined
    return child ? sight.visibleInRows(child) : NONE
  }
  const seen = {
    changed: (content.changed ?? []).filter(([field]) => STANDARD.has(field) || sight.visible.has(field)),
    added: seenRows(content.added ?? [], sight, inRow),
    removed: seenRows(content.removed ?? [], sight, inRow),
    row_changed: (content.row_changed ?? []).flatMap(([table, place, row, changed]) => {
      const fields = seenFields(changed, inRow(table))
      return fields.length > 0 ? [[table, place, row, fields] as const] : []
    }),
  }
  const isSeen = Object.values(seen).some((list) => list.length > 0)
  return isSeen ? { ...content, ...seen } : undefined
}

const NONE: ReadonlySet<string> = new Set()

const seenFields = (changed: readonly Changed[], visible: ReadonlySet<string>): Changed[] => changed.filter(([field]) => visible.has(field))

function seenRows(rows: readonly WholeRow[], sight: Sight, inRow: (table: string) => ReadonlySet<string>): WholeRow[] {
  return rows
    .filter(([table]) => sight.visible.has(table))
    .map(([table, row]) => {
      const visible = inRow(table)
      return [table, Object.fromEntries(Object.entries(row).filter(([key]) => ROW_KEYS.has(key) || visible.has(key)))] as const
    })
}
