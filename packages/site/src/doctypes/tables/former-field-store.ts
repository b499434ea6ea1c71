import type { Connection } from '@annex/database'
import type { DocField, FieldType } from '@annex/protocol'

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
