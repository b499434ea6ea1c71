import { FrappeError, STANDARD_FIELDS, invalid, isColumn } from '@annex/protocol'
import type { DocField, DocType, Values } from '@annex/protocol'
import { flagOf, rowsOf, textOf } from './definition/definition-values.ts'
import type { Part } from './definition/definition-values.ts'
import { checkAutoname } from './naming/check-autoname.ts'
import { parseField } from './definition/parse-field.ts'
import { GRANTED_BY_DEFAULT, parsePermissions } from './definition/parse-permission.ts'

export interface DefinitionOptions {
  /** Rights that a DocPerm row leaves out: Frappe's defaults through the API, none in a file or as stored. */
  readonly origin: 'api' | 'file'
  /** It comes with the site. */
  readonly core?: boolean
  readonly id: string
}

const NAME = /^[A-Za-z][A-Za-z0-9_ -]{0,59}[A-Za-z0-9_-]$/
/** Scopes begin with these words (`method:`, `set:`), so no DocType may be called so. */
const RESERVED = ['method', 'set']
/** A row of PostgreSQL has room for so many texts, if each is long and lies elsewhere. */
const MOST_FIELDS = 400
const NONE: ReadonlySet<never> = new Set()

/**
 * A definition, checked and with every default filled in. Whether the DocTypes and roles that it
 * names exist is not checked here. Keys that no part of a definition has are ignored.
 *
 * @throws {FrappeError} `ValidationError` that names the field
 */
export function parseDocType(values: Values, options: DefinitionOptions): DocType {
  const name = parseName(values)
  const part: Part = { values, where: `DocType ${name}` }
  const fields = parseFields(part, options.core === true ? 'core' : 'other')
  const doctype: DocType = {
    id: options.id,
    name,
    module: textOf(part, 'module'),
    custom: flagOf(part, 'custom'),
    istable: flagOf(part, 'istable'),
    issingle: flagOf(part, 'issingle'),
    virtual: flagOf(part, 'is_virtual'),
    is_submittable: flagOf(part, 'is_submittable'),
    track_changes: flagOf(part, 'track_changes'),
    allow_rename: flagOf(part, 'allow_rename'),
    is_tree: flagOf(part, 'is_tree'),
    nsm_parent_field: textOf(part, 'nsm_parent_field').trim(),
    description: textOf(part, 'description'),
    show_title_field_in_link: flagOf(part, 'show_title_field_in_link'),
    autoname: textOf(part, 'autoname').trim(),
    title_field: textOf(part, 'title_field').trim(),
    search_fields: listed(textOf(part, 'search_fields')),
    sort_field: textOf(part, 'sort_field').trim() || 'modified',
    sort_order: textOf(part, 'sort_order').trim().toUpperCase() === 'ASC' ? 'ASC' : 'DESC',
    fields,
    permissions: parsePermissions(rowsOf(part, 'permissions'), options.origin === 'api' ? GRANTED_BY_DEFAULT : NONE),
  }
  checkReferences(doctype)
  if (options.origin === 'api') checkSupported(doctype)
  return doctype
}

function parseName(values: Values): string {
  const name = textOf({ values, where: 'DocType' }, 'name').trim()
  if (name === '') throw invalid('DocType: give it a name')
  if (!NAME.test(name)) {
    throw invalid(
      `DocType ${name.slice(0, 70)}: a name begins with a letter and has letters, digits, spaces, underscores and hyphens, 2 to 61 of them`,
    )
  }
  if (RESERVED.includes(name.toLowerCase()))
    throw new FrappeError('NameError', `DocType ${name}: this name is reserved for scopes; choose another`)
  return name
}

const listed = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map((entry) => entry.trim())
      .filter(Boolean),
  ),
]

function parseFields(part: Part, origin: 'core' | 'other'): DocField[] {
  const rows = rowsOf(part, 'fields')
  if (rows.length > MOST_FIELDS) throw invalid(`${part.where}: at most ${MOST_FIELDS} fields, not ${rows.length}`)
  const fields = rows.map((row, index) => parseField(row, index + 1, origin))
  const seen = new Set<string>()
  for (const { fieldname } of fields) {
    if (seen.has(fieldname)) throw invalid(`Field ${fieldname}: appears twice in ${part.where}; give each field a name of its own`)
    seen.add(fieldname)
  }
  return fields
}

/** Documents are neither sorted, searched nor named by what nobody may see. */
const isTold = (field: DocField): boolean => isColumn(field) && field.fieldtype !== 'Password'

function checkReferences(doctype: DocType): void {
  const columns = new Set<string>([...STANDARD_FIELDS, ...doctype.fields.filter(isTold).map((field) => field.fieldname)])
  const named = (key: string, fieldname: string): void => {
    if (!columns.has(fieldname))
      throw invalid(`DocType ${doctype.name}: ${key} names ${fieldname.slice(0, 70)}, which is not a field with a value`)
  }
  if (doctype.title_field !== '') named('title_field', doctype.title_field)
  for (const fieldname of doctype.search_fields) named('search_fields', fieldname)
  named('sort_field', doctype.sort_field)
  for (const field of doctype.fields) {
    if (field.fieldtype === 'Dynamic Link' && !columns.has(field.options))
      throw invalid(`Field ${field.fieldname}: options name ${field.options}, which is not a field`)
  }
  checkAutoname(doctype)
  checkLevels(doctype)
}

function checkLevels(doctype: DocType): void {
  const roles = new Set(doctype.permissions.filter((row) => row.permlevel === 0).map((row) => row.role))
  const stray = doctype.permissions.find((row) => row.permlevel > 0 && row.role !== 'All' && !roles.has(row.role))
  if (stray) throw invalid(`Permissions: role ${stray.role} has a row at level ${stray.permlevel} but none at level 0; add that first`)
}

/** What the site cannot keep is refused when it is defined, not dropped when it is used. */
function checkSupported(doctype: DocType): void {
  if (doctype.virtual) throw invalid(`DocType ${doctype.name}: virtual DocTypes come with the site and cannot be made through the API`)
  if (doctype.issingle && doctype.istable) throw invalid(`DocType ${doctype.name}: a child table cannot be Single; choose one of them`)
  const open = doctype.fields.find((field) => field.fieldtype === 'Password' && field.default !== null)
  if (open) throw invalid(`Field ${open.fieldname}: a Password has no default, for everybody who sees the DocType would know it`)
}
