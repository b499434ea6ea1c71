import type { Connection } from '@annex/database'
import type { DocField, FieldType } from '@annex/protocol'
import { sql } from 'kysely'

export type FormerFieldTable = {
  former_field: { doctype: string; fieldname: string; fieldtype: string }
}

/** Notes the type of a field that is taken out of its DocType and leaves its column behind. */
export async function insertFormerField(connection: Connection, doctype: string, field: DocField): Promise<void> {
  const { fieldname, fieldtype } = field
  // Primary key former_field(doctype, fieldname).
  await connection.withTables<FormerFieldTable>().insertInto('former_field').values({ doctype, fieldname, fieldtype }).execute()
}

/** The type that a returning field had, and forgets it. */
export async function consumeFormerField(connection: Connection, doctype: string, fieldname: string): Promise<FieldType | undefined> {
  // Primary key former_field(doctype, fieldname).
  const row = await connection
    .withTables<FormerFieldTable>()
    .deleteFrom('former_field')
    .where('doctype', '=', doctype)
    .where('fieldname', '=', fieldname)
    .returning('fieldtype')
    .executeTakeFirst()
  return row?.fieldtype as FieldType | undefined
}

export async function removeFormerFields(connection: Connection, doctype: string): Promise<void> {
  // Primary key former_field(doctype, fieldname), its first column.
  await connection.withTables<FormerFieldTable>().deleteFrom('former_field').where('doctype', '=', doctype).execute()
}

/** How many rows have a value in a column that is not the empty one. */
export async function countValues(connection: Connection, table: string, column: string, empty: string | number): Promise<number> {
  // Every row is looked at: a column without a field has no index.
  const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.id(table)} where ${sql.id(column)} <> ${empty}`.execute(
    connection,
  )
  return rows[0]?.n ?? 0
}

/** With all that stands in it. */
export async function dropColumn(connection: Connection, table: string, column: string): Promise<void> {
  await sql`alter table ${sql.id(table)} drop column ${sql.id(column)}`.execute(connection)
}
