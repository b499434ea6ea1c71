import type { Connection } from '@annex/database'
import type { DocType, Values } from '@annex/protocol'
import { coreDocTypes } from './core-doctypes.ts'
import { tableName } from './table-name.ts'

type DefinitionTables = {
  tabDocType: { name: string; istable: number; doctype_id: string | null }
  tabDocField: { parent: string; idx: number; fieldname: string; fieldtype: string; options: string }
  tabDocPerm: { parent: string; idx: number }
  doctype_version: { id: number; value: number }
}

export interface StoredDefinition {
  readonly id: string
  readonly values: Values
}

/** The DocTypes made on this site, by name. */
export function listDefinitions(connection: Connection): Promise<StoredDefinition[]> {
  return readDefinitions(connection, 'not in')
}

/** The definitions that came with the release which wrote them last. */
export function listCoreDefinitions(connection: Connection): Promise<StoredDefinition[]> {
  return readDefinitions(connection, 'in')
}

async function readDefinitions(connection: Connection, which: 'in' | 'not in'): Promise<StoredDefinition[]> {
  const tables = connection.withTables<DefinitionTables>()
  const core = coreDocTypes.map((doctype) => doctype.name)
  // Primary key tabDocType(name); the rows by index tabDocField(parent), tabDocPerm(parent).
  const doctypes = await tables.selectFrom('tabDocType').selectAll().where('name', which, core).orderBy('name').execute()
  const fields = await tables.selectFrom('tabDocField').selectAll().where('parent', which, core).orderBy('parent').orderBy('idx').execute()
  const permissions = await tables
    .selectFrom('tabDocPerm')
    .selectAll()
    .where('parent', which, core)
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

/** A number that rises with every change of a definition and of nothing else: whoever writes looks whether it is still the one they know. */
export async function readDefinitionsVersion(connection: Connection): Promise<number> {
  // Primary key.
  const row = await connection
    .withTables<DefinitionTables>()
    .selectFrom('doctype_version')
    .select('value')
    .where('id', '=', 1)
    .executeTakeFirstOrThrow()
  return row.value
}

/** To be called in the transaction of the change. */
export async function raiseDefinitionsVersion(connection: Connection): Promise<void> {
  // Primary key.
  await connection
    .withTables<DefinitionTables>()
    .updateTable('doctype_version')
    .set((row) => ({ value: row('value', '+', 1) }))
    .where('id', '=', 1)
    .execute()
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

/** A field of another DocType that points at one; the state inside the transaction. */
export async function findUse(connection: Connection, name: string): Promise<{ parent: string; fieldname: string } | undefined> {
  // Every field of the site is looked at: there is no index for what happens so seldom.
  return connection
    .withTables<DefinitionTables>()
    .selectFrom('tabDocField')
    .select(['parent', 'fieldname'])
    .where('options', '=', name)
    .where('fieldtype', 'in', ['Link', 'Table', 'Table MultiSelect'])
    .where('parent', '<>', name)
    .orderBy('parent')
    .orderBy('idx')
    .executeTakeFirst()
}

/** Whether a DocType has documents. */
export async function hasDocuments(connection: Connection, doctype: DocType): Promise<boolean> {
  const table = tableName(doctype.name)
  // The first row in any order; no index is needed.
  const row = await connection.withTables<Record<string, { name: string }>>().selectFrom(table).select('name').limit(1).executeTakeFirst()
  return row !== undefined
}
