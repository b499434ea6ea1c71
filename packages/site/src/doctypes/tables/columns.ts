import type { ColumnKind, Dialect } from '@annex/database'
import { fieldKind, isColumn } from '@annex/protocol'
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

function kindOf(field: DocField): Exclude<FieldKind, 'table'> {
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

export function columnsFor(dialect: Dialect, doctype: DocType): RawBuilder<unknown>[] {
  const standard = [...STANDARD, ...(doctype.istable ? CHILD : MAIN)].map(
    ([name, kind, constraint]) => sql`${sql.ref(name)} ${sql.raw(dialect.columnType(kind))} ${sql.raw(constraint)}`,
  )
  return [...standard, ...columnFields(doctype).map((field) => fieldColumn(dialect, field))]
}

/** Kinds that a field's type may become while its documents keep their values. */
const WIDER: Readonly<Record<FieldKind, readonly FieldKind[]>> = {
  short: ['text'],
  text: ['short'],
  json: ['text'],
  date: ['short', 'text'],
  check: ['int', 'decimal'],
  int: ['decimal'],
  decimal: [],
  datetime: [],
  time: [],
  password: [],
  table: [],
}

/** Whether stored values stay good when the field's type changes. */
export function keepsValues(from: DocField, to: DocField): boolean {
  const [before, after] = [kindOf(from), kindOf(to)]
  return before === after || WIDER[before].includes(after)
}
