import type { DocType, Filter } from '@annex/protocol'

/** What a link field leaves out: documents that are switched off, by the field that says so. */
export const filtersInUse = (doctype: DocType): Filter[] =>
  doctype.fields.flatMap(({ fieldname, fieldtype }): Filter[] =>
    fieldtype === 'Check' && (fieldname === 'enabled' || fieldname === 'disabled')
      ? [{ fieldname, operator: '=', value: fieldname === 'enabled' ? 1 : 0 }]
      : [],
  )

/** The filters but for those that say no more than a link field does by itself: they tell nothing, whoever asks by them. */
export function beyondInUse(doctype: DocType, filters: readonly Filter[]): readonly Filter[] {
  const known = filtersInUse(doctype)
  return filters.filter(
    (filter) =>
      !known.some(
        ({ fieldname, operator, value }) =>
          fieldname === filter.fieldname && operator === filter.operator && value === Number(filter.value) && filter.doctype === undefined,
      ),
  )
}
