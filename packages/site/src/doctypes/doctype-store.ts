import type { Connection } from '@annex/database'
import { isColumn } from '@annex/protocol'
import type { DocType, Values } from '@annex/protocol'
import { coreDefinitions, coreDocType, coreDocTypes } from './core-doctypes.ts'
import { randomName } from './naming/name-for.ts'
import { hiddenColumns } from './search-text.ts'
import { tableName } from './table-name.ts'
import { defaultsFor } from './values/defaults.ts'
import { toStored } from './values/to-stored.ts'

type Row = Record<string, unknown>

type DefinitionTables = {
  tabDocType: { name: string; istable: number; doctype_id: string | null }
  tabDocField: { parent: string; idx: number }
  tabDocPerm: { parent: string; idx: number }
}

export interface StoredDefinition {
  readonly id: string
  readonly values: Values
}

/** The DocTypes made on this site, by name. */
export async function listDefinitions(connection: Connection): Promise<StoredDefinition[]> {
  const tables = connection.withTables<DefinitionTables>()
  const core = coreDocTypes.map((doctype) => doctype.name)
  // Primary key tabDocType(name); the rows by index tabDocField(parent), tabDocPerm(parent).
  const doctypes = await tables.selectFrom('tabDocType').selectAll().where('name', 'not in', core).orderBy('name').execute()
  const fields = await tables
    .selectFrom('tabDocField')
    .selectAll()
    .where('parent', 'not in', core)
    .orderBy('parent')
    .orderBy('idx')
    .execute()
  const permissions = await tables
    .selectFrom('tabDocPerm')
    .selectAll()
    .where('parent', 'not in', core)
    .orderBy('parent')
    .orderBy('idx')
    .execute()
  const fieldsOf = Map.groupBy(fields, (row) => row.parent)
  const permissionsOf = Map.groupBy(permissions, (row) => row.parent)
  return doctypes.map((row) => ({
    id: row.doctype_id ?? '',
    values: { ...row, fields: fieldsOf.get(row.name) ?? [], permissions: permissionsOf.get(row.name) ?? [] },
  }))
}

/** Which of these DocTypes there are, and whether their documents are child rows; the state inside the transaction. */
export async function listChildTypes(connection: Connection, names: readonly string[]): Promise<Map<string, boolean>> {
  if (names.length === 0) return new Map()
  // Primary key tabDocType(name).
  const rows = await connection
    .withTables<DefinitionTables>()
    .selectFrom('tabDocType')
    .select(['name', 'istable'])
    .where('name', 'in', names)
    .execute()
  return new Map(rows.map((row) => [row.name, row.istable === 1]))
}

/** Whether a DocType has documents. */
export async function hasDocuments(connection: Connection, doctype: DocType): Promise<boolean> {
  const table = tableName(doctype.name)
  // The first row in any order; no index is needed.
  const row = await connection.withTables<Record<string, { name: string }>>().selectFrom(table).select('name').limit(1).executeTakeFirst()
  return row !== undefined
}

/** Writes the definitions that come with the site as documents, so that links to them hold. */
export async function insertCoreDefinitions(connection: Connection, now: number): Promise<void> {
  for (const definition of coreDefinitions) {
    const id = coreDocTypes.find((doctype) => doctype.name === definition.name)?.id
    await insertRow(connection, 'DocType', definition.name, { ...definition, doctype_id: id }, { now })
    for (const key of ['fields', 'permissions'] as const) {
      await insertChildren(connection, definition.name, key, definition[key] as readonly Values[], now)
    }
  }
}

async function insertChildren(
  connection: Connection,
  parent: string,
  parentfield: 'fields' | 'permissions',
  rows: readonly Values[],
  now: number,
): Promise<void> {
  const doctype = parentfield === 'fields' ? 'DocField' : 'DocPerm'
  // A right that a file leaves out is not granted, whatever the form's default says.
  const unsaid = Object.fromEntries(
    coreDocType(doctype)
      .fields.filter((field) => field.fieldtype === 'Check')
      .map((field) => [field.fieldname, 0]),
  )
  for (const [index, row] of rows.entries()) {
    await insertRow(
      connection,
      doctype,
      randomName(),
      { ...unsaid, ...row },
      { now, child: { parent, parentfield, parenttype: 'DocType', idx: index + 1 } },
    )
  }
}

interface RowFacts {
  readonly now: number
  readonly child?: { readonly parent: string; readonly parentfield: string; readonly parenttype: string; readonly idx: number }
}

/** A document of a core DocType, written by Administrator; nothing happens when the name is taken. */
export async function insertRow(connection: Connection, doctypeName: string, name: string, values: Values, facts: RowFacts): Promise<void> {
  const doctype = coreDocType(doctypeName)
  const filled: Values = { ...defaultsFor(doctype, 'Administrator', facts.now, 'UTC'), ...values }
  const stored: Row = Object.fromEntries(
    doctype.fields.filter(isColumn).map((field) => [field.fieldname, toStored(field, filled[field.fieldname], 'UTC')]),
  )
  const standard = {
    name,
    owner: 'Administrator',
    creation: facts.now,
    modified: facts.now,
    modified_by: 'Administrator',
    docstatus: 0,
    idx: 0,
  }
  const own = facts.child ?? hiddenColumns(doctype, name, stored)
  await connection
    .withTables<Record<string, Row>>()
    .insertInto(tableName(doctypeName))
    .values({ ...standard, ...stored, ...own })
    // Primary key (name).
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
}
