import type { Connection } from '@annex/database'

/** The field of one document, or child row, whose value lies apart. */
export interface SecretPlace {
  readonly doctype: string
  readonly name: string
  readonly fieldname: string
}

export type SealedValueRow = {
  doctype: string
  name: string
  fieldname: string
  /** Of the key that opens it. */
  key_id: string
  sealed: string
}

type Tables = {
  sealed_value: SealedValueRow
}

export async function writeSealedValue(connection: Connection, row: SealedValueRow): Promise<void> {
  const { key_id, sealed } = row
  const insert = connection.withTables<Tables>().insertInto('sealed_value').values(row)
  // Primary key sealed_value(doctype, name, fieldname).
  await insert.onConflict((conflict) => conflict.columns(['doctype', 'name', 'fieldname']).doUpdateSet({ key_id, sealed })).execute()
}

export async function readSealedValue(connection: Connection, place: SecretPlace): Promise<SealedValueRow | undefined> {
  // Primary key sealed_value(doctype, name, fieldname).
  return connection
    .withTables<Tables>()
    .selectFrom('sealed_value')
    .selectAll()
    .where('doctype', '=', place.doctype)
    .where('name', '=', place.name)
    .where('fieldname', '=', place.fieldname)
    .executeTakeFirst()
}

export async function removeSealedValue(connection: Connection, place: SecretPlace): Promise<void> {
  // Primary key sealed_value(doctype, name, fieldname).
  await connection
    .withTables<Tables>()
    .deleteFrom('sealed_value')
    .where('doctype', '=', place.doctype)
    .where('name', '=', place.name)
    .where('fieldname', '=', place.fieldname)
    .execute()
}

/** Of every document of the DocType; with a field, of that field alone. */
export async function removeSealedValues(connection: Connection, doctype: string, fieldname?: string): Promise<void> {
  // Primary key sealed_value(doctype, name, fieldname), its first column.
  const removal = connection.withTables<Tables>().deleteFrom('sealed_value').where('doctype', '=', doctype)
  await (fieldname === undefined ? removal : removal.where('fieldname', '=', fieldname)).execute()
}
