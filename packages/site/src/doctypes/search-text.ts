import { foldText } from '@annex/database'
import type { DocType } from '@annex/protocol'

const SEARCHED: ReadonlySet<string> = new Set(['Data', 'Text', 'Small Text', 'Long Text', 'Link', 'Select', 'Read Only', 'Text Editor'])

/**
 * What link search looks at besides the name: the title and the search fields, as far as they hold text
 * and everyone who may search may see them (a match in a field above one's level would tell its value).
 */
export function searchedFields(doctype: DocType): string[] {
  const types = new Map(doctype.fields.filter((field) => field.permlevel === 0).map((field) => [field.fieldname, field.fieldtype]))
  return [...new Set([doctype.title_field, ...doctype.search_fields])].filter((fieldname) => SEARCHED.has(types.get(fieldname) ?? ''))
}

/**
 * The hidden columns of a main document, made from its stored values: `_key` is unique, so that no two
 * names differ in case alone; `_search` is what link search looks through, one field a line.
 */
export function hiddenColumns(
  doctype: DocType,
  name: string,
  stored: Readonly<Record<string, unknown>>,
): { _key: string; _search: string } {
  const texts = searchedFields(doctype).map((fieldname) => stored[fieldname])
  const lines = [name, ...texts].filter((text): text is string => typeof text === 'string' && text !== '')
  return { _key: foldText(name), _search: foldText(lines.join('\n')) }
}
