import { RIGHTS, type DocField, type DocPerm, type DocType } from '@annex/protocol'

type Meta = Record<string, unknown>

/** A DocType as Frappe's clients read a definition: flags as 0 and 1, what is empty left out. */
export function toMeta(doctype: DocType): Meta {
  const { name, fields, permissions, search_fields: searched, id: _, virtual, ...rest } = doctype
  return {
    doctype: 'DocType',
    name,
    ...plain({ ...rest, is_virtual: virtual, search_fields: searched.join(', ') }),
    fields: fields.map((field, at) => rowOf(name, 'fields', 'DocField', at, plain({ ...field }))),
    permissions: permissions.map((permission, at) => rowOf(name, 'permissions', 'DocPerm', at, rightsOf(permission))),
    links: [],
    actions: [],
    states: [],
  }
}

/** The same with what a form reads besides of each Link field: the fields that its target is searched by. */
export function toFormMeta(doctype: DocType, targets: ReadonlyMap<string, DocType>): Meta {
  const fields = doctype.fields.map((field, at) => {
    const row = rowOf(doctype.name, 'fields', 'DocField', at, plain({ ...field }))
    if (field.fieldtype !== 'Link') return row
    // Frappe's `document_type` of the target, which DocTypes here do not have.
    return { ...row, search_fields: targets.get(field.options)?.search_fields ?? [], linked_document_type: '' }
  })
  return { ...toMeta(doctype), fields }
}

const rowOf = (parent: string, parentfield: string, doctype: string, at: number, values: Meta): Meta => ({
  doctype,
  parent,
  parentfield,
  parenttype: 'DocType',
  idx: at + 1,
  ...values,
})

const rightsOf = ({ role, permlevel, if_owner: ifOwner, rights }: DocPerm): Meta => ({
  role,
  permlevel,
  if_owner: ifOwner ? 1 : 0,
  ...Object.fromEntries(RIGHTS.map((right) => [right, rights.has(right) ? 1 : 0])),
})

/** Values as they stand in JSON. */
function plain(values: { readonly [key in keyof DocField | keyof DocType | 'is_virtual']?: unknown }): Meta {
  const entries = Object.entries(values).map(([key, value]) => [key, typeof value === 'boolean' ? Number(value) : value] as const)
  return Object.fromEntries(entries.filter(([, value]) => value !== null && value !== ''))
}
