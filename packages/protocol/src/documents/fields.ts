/** The DocType vocabulary: what a definition says, as it travels and as it is stored. */

/** Field types with a value of their own, by how it is kept. */
export const FIELD_KINDS = {
  Data: 'short',
  Link: 'short',
  'Dynamic Link': 'short',
  Select: 'short',
  'Read Only': 'short',
  Color: 'short',
  Icon: 'short',
  Phone: 'short',
  Autocomplete: 'short',
  'Small Text': 'text',
  Text: 'text',
  Attach: 'text',
  'Attach Image': 'text',
  Password: 'password',
  'Long Text': 'text',
  Code: 'text',
  'Text Editor': 'text',
  'HTML Editor': 'text',
  'Markdown Editor': 'text',
  Signature: 'text',
  Barcode: 'text',
  Geolocation: 'text',
  Int: 'int',
  Check: 'check',
  Float: 'decimal',
  Currency: 'decimal',
  Percent: 'decimal',
  Rating: 'decimal',
  Duration: 'decimal',
  Date: 'date',
  Datetime: 'datetime',
  Time: 'time',
  JSON: 'json',
  Table: 'table',
  'Table MultiSelect': 'table',
} as const

/** Field types that only lay out a form. */
export const LAYOUT_TYPES = ['Section Break', 'Column Break', 'Tab Break', 'HTML', 'Button', 'Image', 'Fold', 'Heading'] as const

export type ValueFieldType = keyof typeof FIELD_KINDS
export type FieldType = ValueFieldType | (typeof LAYOUT_TYPES)[number]
/** How a value is kept: `short` up to 140 characters, `decimal` to nine places, `datetime` as UTC microseconds. */
export type FieldKind = (typeof FIELD_KINDS)[ValueFieldType]

export interface DocField {
  readonly fieldname: string
  readonly fieldtype: FieldType
  readonly label: string
  /** The target of a Link, the row type of a Table, the choices of a Select, the check of a Data field. */
  readonly options: string
  readonly default: string | null
  readonly reqd: boolean
  readonly unique: boolean
  readonly search_index: boolean
  readonly read_only: boolean
  readonly hidden: boolean
  readonly set_only_once: boolean
  readonly allow_on_submit: boolean
  readonly no_copy: boolean
  readonly in_list_view: boolean
  readonly non_negative: boolean
  readonly ignore_user_permissions: boolean
  readonly permlevel: number
  /** Longest text in characters; 0 = the type's own limit. */
  readonly length: number
  readonly fetch_from: string
  /** Fetches only where nothing stands yet. */
  readonly fetch_if_empty: boolean
  /** Expressions (`eval:doc.status == "Open"`, or the name of a field); empty = no rule. */
  readonly depends_on: string
  readonly mandatory_depends_on: string
  readonly read_only_depends_on: string
  /** Keeps markup as it was sent. */
  readonly ignore_xss_filter: boolean
  readonly description: string
}

/** Frappe's rights, in its order. */
export const RIGHTS = [
  'select',
  'read',
  'write',
  'create',
  'delete',
  'submit',
  'cancel',
  'amend',
  'print',
  'email',
  'report',
  'import',
  'export',
  'share',
] as const
export type Right = (typeof RIGHTS)[number]
export const isRight = (text: string): text is Right => (RIGHTS as readonly string[]).includes(text)

export interface DocPerm {
  readonly role: string
  readonly permlevel: number
  readonly if_owner: boolean
  readonly rights: ReadonlySet<Right>
}

/** A DocType, checked and with every default filled in. */
export interface DocType {
  /** Random, from its first day: a namesake made later is another DocType. */
  readonly id: string
  readonly name: string
  readonly module: string
  readonly custom: boolean
  readonly istable: boolean
  readonly issingle: boolean
  /** Without a table: its controller answers reads and lists. */
  readonly virtual: boolean
  readonly is_submittable: boolean
  readonly track_changes: boolean
  readonly allow_rename: boolean
  readonly is_tree: boolean
  /** Of a tree: the Link field that holds the parent. */
  readonly nsm_parent_field: string
  readonly description: string
  readonly autoname: string
  readonly title_field: string
  readonly show_title_field_in_link: boolean
  /** Comma-separated in the definition. */
  readonly search_fields: readonly string[]
  readonly sort_field: string
  readonly sort_order: 'ASC' | 'DESC'
  readonly fields: readonly DocField[]
  readonly permissions: readonly DocPerm[]
}

export const fieldKind = (field: DocField): FieldKind | undefined => FIELD_KINDS[field.fieldtype as ValueFieldType]
export const isTableField = (field: DocField): boolean => fieldKind(field) === 'table'
/** Fields with a column of their own: neither layout nor table. */
export const isColumn = (field: DocField): boolean => {
  const kind = fieldKind(field)
  return kind !== undefined && kind !== 'table'
}
