import type { DocType } from '@annex/protocol'

/** The Link field by which documents of a tree name what they stand below; undefined for a DocType that is no tree, or has no such field. */
export function treeParentField(doctype: DocType): string | undefined {
  if (!doctype.is_tree) return undefined
  const fieldname = doctype.nsm_parent_field || `parent_${doctype.name.toLowerCase().replaceAll(/[ -]/g, '_')}`
  const field = doctype.fields.find((candidate) => candidate.fieldname === fieldname)
  return field?.fieldtype === 'Link' && field.options === doctype.name ? fieldname : undefined
}
