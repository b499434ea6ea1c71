import { fieldKind } from '@annex/protocol'
import type { DocField } from '@annex/protocol'

/** PostgreSQL refuses a row whose indexed value is longer than some 2,700 bytes, and a character may take four. */
const LONGEST = 500

/** Whether every value of the field can stand in an index. */
export function fitsIndex(field: DocField): boolean {
  const kind = fieldKind(field)
  if (kind === undefined || kind === 'text' || kind === 'json' || kind === 'password' || kind === 'table') return false
  return field.length <= LONGEST
}
