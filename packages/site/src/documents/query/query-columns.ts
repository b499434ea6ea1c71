import { OPTIONAL_COLUMNS, fieldKind, type DocField, type DocType, type FieldType } from '@annex/protocol'
import type { RawBuilder } from 'kysely'
import { isCounted, shownName } from '../../doctypes/naming/name-for.ts'
import { formatTimestamp } from '../../doctypes/values/timestamps.ts'
import { toShown } from '../../doctypes/values/to-shown.ts'
import type { Stored } from '../../doctypes/values/to-stored.ts'

/** A column in a query, with the field that says how its values are compared and shown. */
export interface Column {
  readonly expression: RawBuilder<unknown>
  /** Whose field it is. */
  readonly doctype: DocType
  readonly field: DocField
  /** Names the column within its query. */
  readonly key: string
  /** Whether it is never null. */
  readonly required: boolean
  readonly show: (stored: Stored) => Stored
}

const standard = (fieldname: string, fieldtype: FieldType): DocField => ({
  fieldname,
  fieldtype,
  label: fieldname,
  options: '',
  default: null,
  reqd: false,
  unique: false,
  search_index: false,
  read_only: true,
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
})

const STANDARD: readonly DocField[] = [
  standard('name', 'Data'),
  standard('owner', 'Data'),
  standard('creation', 'Datetime'),
  standard('modified', 'Datetime'),
  standard('modified_by', 'Data'),
  standard('docstatus', 'Int'),
  standard('idx', 'Int'),
]
const CHILD: readonly DocField[] = [standard('parent', 'Data'), standard('parentfield', 'Data'), standard('parenttype', 'Data')]

const standardFields: ReadonlyMap<string, DocField> = new Map(STANDARD.map((field) => [field.fieldname, field]))
const childFields: ReadonlyMap<string, DocField> = new Map([...STANDARD, ...CHILD].map((field) => [field.fieldname, field]))

const optionalFields: ReadonlyMap<string, DocField> = new Map(OPTIONAL_COLUMNS.map((name) => [name, standard(name, 'Long Text')]))

/** Tags and what else stands beside documents: columns of main tables that are listed when they are named, and not by `*`. */
export const optionalFieldsOf = (istable: boolean): ReadonlyMap<string, DocField> => (istable ? NONE : optionalFields)
const NONE: ReadonlyMap<string, DocField> = new Map()

/** The fields that every document has, or every child row, in Frappe's order. */
export const standardFieldsOf = (istable: boolean): ReadonlyMap<string, DocField> => (istable ? childFields : standardFields)

/** Microseconds always show in these two: `modified` is a lock as well as a time. */
const isStamp = (field: DocField): boolean => field === standardFields.get('creation') || field === standardFields.get('modified')

const isNumberName = ({ doctype, field }: Omit<Column, 'show'>): boolean => field === standardFields.get('name') && isCounted(doctype)

export function toColumn(column: Omit<Column, 'show'>, zone: string): Column {
  const { field } = column
  return {
    ...column,
    show: isNumberName(column)
      ? (stored) => (stored === null ? null : shownName(column.doctype, String(stored)))
      : isStamp(field)
        ? (stored) => shownStamp(stored, zone)
        : isPlain(field)
          ? itself
          : (stored) => (stored === null ? null : toShown(field, stored, zone)),
  }
}

const shownStamp = (stored: Stored, zone: string): Stored => (stored === null ? null : formatTimestamp(Number(stored), zone))

/** Text is shown as it is stored. A number of nothing (no row joined) stays nothing, as text does. */
const isPlain = (field: DocField): boolean => !SHAPED.has(fieldKind(field))
const SHAPED: ReadonlySet<unknown> = new Set(['datetime', 'time', 'password'])
const itself = (stored: Stored): Stored => stored
