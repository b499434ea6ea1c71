import { CHILD_FIELDS, FIELD_KINDS, LAYOUT_TYPES, STANDARD_FIELDS, invalid } from '@annex/protocol'
import type { DocField, FieldType, Values } from '@annex/protocol'
import { parseRule } from './expression.ts'
import { fitsIndex } from './fits-index.ts'
import { flagOf, numberOf, textOf } from './definition-values.ts'
import type { Part } from './definition-values.ts'
import { isDynamicDefault } from '../values/defaults.ts'
import { toStored } from '../values/to-stored.ts'

const FIELD_TYPES: ReadonlySet<string> = new Set([...Object.keys(FIELD_KINDS), ...LAYOUT_TYPES])
const isFieldType = (text: string): text is FieldType => FIELD_TYPES.has(text)
const FIELDNAME = /^[a-z][a-z0-9_]{0,60}$/
/** Names that columns of ours, or every JavaScript object, already have. */
const RESERVED: ReadonlySet<string> = new Set([...STANDARD_FIELDS, ...CHILD_FIELDS, 'doctype', 'constructor'])

/**
 * @param origin - `core`: a file of the site's own may have a field `parent`, as Frappe's Custom DocPerm does
 * @throws {FrappeError} `ValidationError` that names the field
 */
export function parseField(values: Values, position: number, origin: 'core' | 'other' = 'other'): DocField {
  const fieldtype = textOf({ values, where: `Field ${position}` }, 'fieldtype') || 'Data'
  if (!isFieldType(fieldtype))
    throw invalid(`Field ${textOf({ values, where: `Field ${position}` }, 'fieldname') || position}: ${fieldtype} is not a field type`)
  const fieldname = parseFieldname(values, fieldtype, position, origin === 'core')
  const part: Part = { values, where: `Field ${fieldname}` }
  const field: DocField = {
    fieldname,
    fieldtype,
    label: textOf(part, 'label') || titled(fieldname),
    options: textOf(part, 'options').trim(),
    default: textOf(part, 'default').trim() || null,
    permlevel: numberOf(part, 'permlevel', 0, 9),
    length: numberOf(part, 'length', 0, 100_000),
    fetch_from: textOf(part, 'fetch_from'),
    depends_on: textOf(part, 'depends_on').trim(),
    mandatory_depends_on: textOf(part, 'mandatory_depends_on').trim(),
    read_only_depends_on: textOf(part, 'read_only_depends_on').trim(),
    description: textOf(part, 'description'),
    ...parseFlags(part),
  }
  checkOptions(field, part.where)
  checkDefault(field, part.where)
  for (const key of ['mandatory_depends_on', 'read_only_depends_on'] as const) checkRule(field[key], key, part.where)
  return fieldtype === 'Select' ? { ...field, options: textOf(part, 'options') } : field
}

type Flags = Omit<
  DocField,
  | 'fieldname'
  | 'fieldtype'
  | 'label'
  | 'options'
  | 'default'
  | 'permlevel'
  | 'length'
  | 'fetch_from'
  | 'depends_on'
  | 'mandatory_depends_on'
  | 'read_only_depends_on'
  | 'description'
>

const parseFlags = (part: Part): Flags => ({
  reqd: flagOf(part, 'reqd'),
  unique: flagOf(part, 'unique'),
  search_index: flagOf(part, 'search_index'),
  read_only: flagOf(part, 'read_only'),
  hidden: flagOf(part, 'hidden'),
  set_only_once: flagOf(part, 'set_only_once'),
  allow_on_submit: flagOf(part, 'allow_on_submit'),
  no_copy: flagOf(part, 'no_copy'),
  in_list_view: flagOf(part, 'in_list_view'),
  non_negative: flagOf(part, 'non_negative'),
  ignore_user_permissions: flagOf(part, 'ignore_user_permissions'),
  fetch_if_empty: flagOf(part, 'fetch_if_empty'),
  ignore_xss_filter: flagOf(part, 'ignore_xss_filter'),
})

function parseFieldname(values: Values, fieldtype: FieldType, position: number, mayBeParent: boolean): string {
  const part: Part = { values, where: `Field ${position}` }
  const given = textOf(part, 'fieldname').trim().toLowerCase()
  const layout = (LAYOUT_TYPES as readonly string[]).includes(fieldtype)
  const fieldname = given || scrubbed(textOf(part, 'label')) || (layout ? `${scrubbed(fieldtype)}_${position}` : '')
  if (fieldname === '') throw invalid(`Field ${position}: give it a fieldname or a label`)
  if (RESERVED.has(fieldname) && !(mayBeParent && fieldname === 'parent'))
    throw invalid(`Field ${fieldname}: this name is taken by the system; choose another fieldname`)
  if (FIELDNAME.test(fieldname)) return fieldname
  throw invalid(
    `Field ${fieldname.slice(0, 70)}: a fieldname begins with a letter and has letters, digits and underscores only, at most 61`,
  )
}

const scrubbed = (label: string): string =>
  label
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[_0-9]+|_+$/g, '')

const titled = (fieldname: string): string =>
  fieldname
    .split('_')
    .filter(Boolean)
    .map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join(' ')

function checkOptions(field: DocField, where: string): void {
  const { fieldtype, options } = field
  if (['Link', 'Table', 'Table MultiSelect'].includes(fieldtype) && options === '')
    throw invalid(`${where}: options must name the DocType that this ${fieldtype} field points to`)
  if (fieldtype === 'Dynamic Link' && options === '') throw invalid(`${where}: options must name the field that holds the DocType`)
  if (!field.unique) return
  if (!fitsIndex(field) || fieldtype === 'Check')
    throw invalid(`${where}: a ${fieldtype} field of ${field.length || 'any'} characters cannot be unique`)
}

function checkDefault(field: DocField, where: string): void {
  if (field.default === null || isDynamicDefault(field.default)) return
  if (field.fieldtype === 'Check' && !['0', '1'].includes(field.default)) throw invalid(`${where}: the default of a Check field is 0 or 1`)
  if (field.fieldtype in FIELD_KINDS) toStored({ ...field, label: `${field.label} (default)` }, field.default, 'UTC')
}

/** `depends_on` only shows or hides a field in a form, and may say anything. */
function checkRule(text: string, key: string, where: string): void {
  if (text === '') return
  try {
    parseRule(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw invalid(`${where}: ${key} cannot be read: ${error.message}`)
  }
}
