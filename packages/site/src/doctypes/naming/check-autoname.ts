import { invalid, isColumn } from '@annex/protocol'
import type { DocType } from '@annex/protocol'
import { checkSeries } from './series.ts'

/** @throws {FrappeError} `ValidationError`, or `InvalidNamingSeriesError` for a character that no series may have */
export function checkAutoname(doctype: DocType): void {
  const { autoname } = doctype
  const rule = autoname.toLowerCase()
  if (['', 'hash', 'prompt', 'autoincrement'].includes(rule)) return
  if (rule.startsWith('field:')) return requireField(doctype, autoname.slice('field:'.length).trim())
  if (rule.startsWith('naming_series:')) return requireField(doctype, 'naming_series')
  if (rule.startsWith('format:')) return
  if (autoname.includes('#')) return checkSeries(autoname)
  throw invalid(
    `DocType ${doctype.name}: autoname ${autoname} is not known; use hash, prompt, autoincrement, field:…, naming_series:, format:… or a series with #`,
  )
}

function requireField(doctype: DocType, fieldname: string): void {
  if (doctype.fields.some((field) => field.fieldname === fieldname && isColumn(field) && field.fieldtype !== 'Password')) return
  throw invalid(`DocType ${doctype.name}: autoname needs the field ${fieldname}; add it`)
}
