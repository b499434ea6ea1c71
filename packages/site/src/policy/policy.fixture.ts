import type { DocField, DocPerm, DocType, Right } from '@annex/protocol'
import type { Principal, UserPermission } from './principal.ts'

type Row = Partial<Omit<DocPerm, 'rights'>> & { readonly role: string; readonly rights: readonly Right[] }

const FIELD: Omit<DocField, 'fieldname' | 'fieldtype'> = {
  label: '',
  options: '',
  default: null,
  reqd: false,
  unique: false,
  search_index: false,
  read_only: false,
  hidden: false,
  set_only_once: false,
  allow_on_submit: false,
  no_copy: false,
  in_list_view: false,
  non_negative: false,
  ignore_user_permissions: false,
  permlevel: 0,
  length: 0,
  fetch_from: '',
  fetch_if_empty: false,
  depends_on: '',
  mandatory_depends_on: '',
  read_only_depends_on: '',
  ignore_xss_filter: false,
  description: '',
}

export const field = (fieldname: string, fieldtype: DocField['fieldtype'], rest: Partial<DocField> = {}): DocField => ({
  ...FIELD,
  fieldname,
  fieldtype,
  ...rest,
})

/** A DocType of a few fields and rows of permission, for a test that decides and stores nothing. */
export function docType(name: string, fields: readonly DocField[], rows: readonly Row[] = [], rest: Partial<DocType> = {}): DocType {
  return {
    id: `id of ${name}`,
    name,
    module: 'Custom',
    custom: true,
    istable: false,
    issingle: false,
    virtual: false,
    is_submittable: false,
    track_changes: false,
    allow_rename: false,
    is_tree: false,
    nsm_parent_field: '',
    description: '',
    autoname: 'hash',
    title_field: '',
    show_title_field_in_link: false,
    search_fields: [],
    sort_field: 'modified',
    sort_order: 'DESC',
    fields,
    permissions: rows.map((row) => ({ permlevel: 0, if_owner: false, ...row, rights: new Set(row.rights) })),
    ...rest,
  }
}

export function principal(
  user: string,
  roles: readonly string[],
  userPermissions: readonly Partial<UserPermission>[] = [],
  sharedDoctypes: readonly string[] = [],
): Principal {
  const permissions = userPermissions.map((permission) => ({
    allow: '',
    for_value: '',
    applicable_for: null,
    is_default: false,
    ...permission,
  }))
  return { user, roles: new Set([...roles, 'All', 'Guest']), userPermissions: permissions, sharedDoctypes: new Set(sharedDoctypes) }
}
