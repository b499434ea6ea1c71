import { fieldKind, type DocField, type DocType, type Document } from '@annex/protocol'
import type { MethodCall } from '../../../backend/method.ts'
import { covers } from '../../../policy/covers.ts'
import { listAccess } from '../../../policy/field-levels.ts'
import { childOf } from '../../permit.ts'
import type { Premises } from '../../premises.ts'

/** Titles of the documents that links of this one point at, where link fields show them: `{"Item::ITEM-1": "Bolt"}`. */
export async function readLinkTitles(
  premises: Premises,
  { principal, backend }: MethodCall,
  document: Document,
): Promise<Record<string, unknown>> {
  const titles: Record<string, unknown> = {}
  for (const [target, names] of linkedFrom(premises, document)) {
    const doctype = premises.doctypes.get(target)
    if (!doctype?.show_title_field_in_link || doctype.title_field === '' || doctype.virtual) continue
    if (!covers(principal, doctype, 'read') || listAccess(principal, doctype) === 'none') continue
    const filters = [{ fieldname: 'name', operator: 'in' as const, value: [...names] }]
    const rows = await backend.list(principal, { doctype: target, fields: ['name', doctype.title_field], filters, limit: null })
    for (const row of rows) titles[`${target}::${String(row['name'])}`] = row[doctype.title_field] ?? null
  }
  return titles
}

function linkedFrom(premises: Premises, document: Document): Map<string, Set<string>> {
  const linked = new Map<string, Set<string>>()
  const add = (doctype: DocType | undefined, holder: Readonly<Record<string, unknown>>): void => {
    for (const field of doctype?.fields ?? []) {
      const value = holder[field.fieldname]
      const target = targetOf(field, holder)
      if (target !== '' && typeof value === 'string' && value !== '') linked.set(target, (linked.get(target) ?? new Set()).add(value))
      if (fieldKind(field) === 'table' && Array.isArray(value))
        for (const row of value as readonly Document[]) add(childOf(premises)(field.options), row)
    }
  }
  add(premises.doctypes.get(document.doctype), document)
  return linked
}

function targetOf(field: DocField, holder: Readonly<Record<string, unknown>>): string {
  if (field.fieldtype === 'Link') return field.options
  const target = field.fieldtype === 'Dynamic Link' ? holder[field.options] : ''
  return typeof target === 'string' ? target : ''
}
