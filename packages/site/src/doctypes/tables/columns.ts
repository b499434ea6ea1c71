import type { ColumnKind, Dialect } from '@annex/database'
import { OPTIONAL_COLUMNS, fieldKind, isColumn } from '@annex/protocol'
import type { DocField, DocType, FieldKind } from '@annex/protocol'
import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'

type Definition = readonly [name: string, kind: ColumnKind, constraint: string]

const STANDARD: readonly Definition[] = [
  ['name', 'key', 'not null primary key'],
  ['owner', 'short', 'not null'],
  ['creation', 'micros', 'not null'],
  ['modified', 'micros', 'not null'],
  ['modified_by', 'short', 'not null'],
  ['docstatus', 'int', 'not null default 0'],
  ['idx', 'int', 'not null default 0'],
]
/** `_key` is the folded name, `_search` what link search looks through. */
const MAIN: readonly Definition[] = [
  ['_key', 'key', 'not null'],
  ['_search', 'text', "not null default ''"],
  ...OPTIONAL_COLUMNS.map((name) => [name, 'text', ''] as const),
]
const CHILD: readonly Definition[] = [
  ['parent', 'key', 'not null'],
  ['parentfield', 'short', 'not null'],
  ['parenttype', 'short', 'not null'],
]

const COLUMN_KINDS: Readonly<Record<Exclude<FieldKind, 'table'>, ColumnKind>> = {
  short: 'short',
  text: 'text',
  password: 'short',
  int: 'int',
  check: 'check',
  decimal: 'decimal',
  date: 'date',
  datetime: 'micros',
  time: 'time',
  json: 'json',
}

/** Numbers are never empty, as in Frappe. */
const isNumber = (kind: FieldKind): boolean => kind === 'int' || kind === 'check' || kind === 'decimal'

export const columnFields = (doctype: DocType): DocField[] => doctype.fields.filter(isColumn)

/** @throws {TypeError} for a field without a column */
export function kindOf(field: DocField): Exclude<FieldKind, 'table'> {
  const kind = fieldKind(field)
  if (kind === undefined || kind === 'table') throw new TypeError(`${field.fieldname} has no column`)
  return kind
}

export const columnType = (dialect: Dialect, field: DocField): string => dialect.columnType(COLUMN_KINDS[kindOf(field)])

/** `"rate" numeric(21,9) not null default 0` */
export function fieldColumn(dialect: Dialect, field: DocField): RawBuilder<unknown> {
  const constraint = isNumber(kindOf(field)) ? sql` not null default 0` : sql``
  return sql`${sql.ref(field.fieldname)} ${sql.raw(columnType(dialect, field))}${constraint}`
}

/** The columns that a table has whatever its fields are, as `create table` takes them, by name. */
export function standardColumns(dialect: Dialect, doctype: DocType): Map<string, RawBuilder<unknown>> {
  return new Map(
    [...STANDARD, ...(doctype.istable ? CHILD : MAIN)].map(([name, kind, constraint]) => [
      name,
      sql`${sql.ref(name)} ${sql.raw(dialect.columnType(kind))} ${sql.raw(constraint)}`,
    ]),
  )
}

/** What tables have besides their fields, to be told from what another release gave them. */
export const standardLayout = [STANDARD, MAIN, CHILD] as const

export function columnsFor(dialect: Dialect, doctype: DocType): RawBuilder<unknown>[] {
  return [...standardColumns(dialect, doctype).values(), ...columnFields(doctype).map((field) => fieldColumn(dialect, field))]
}
