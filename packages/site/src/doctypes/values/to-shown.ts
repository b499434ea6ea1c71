import { fieldKind } from '@annex/protocol'
import type { DocField } from '@annex/protocol'
import { formatDatetime, formatTime } from './timestamps.ts'
import { STARS } from './texts.ts'
import type { Stored } from './to-stored.ts'

/** A stored value as readers get it; `zone` is the one in which times are shown. Empty numbers are 0. */
export function toShown(field: DocField, stored: Stored, zone: string): string | number | null {
  const kind = fieldKind(field)
  if (kind === 'int' || kind === 'check' || kind === 'decimal') return Number(stored ?? 0)
  if (stored === null) return null
  if (kind === 'password') return STARS
  if (kind === 'datetime') return formatDatetime(Number(stored), zone)
  if (kind === 'time') return formatTime(String(stored))
  return stored
}
