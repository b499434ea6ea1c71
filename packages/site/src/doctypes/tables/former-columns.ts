import { bumpGeneration, dialectOf } from '@annex/database'
import type { Connection, Database } from '@annex/database'
import type { DocType } from '@annex/protocol'
import { raiseDefinitionsVersion } from '../doctype-store.ts'
import type { DocTypes } from '../doctypes.ts'
import { tableName } from '../table-name.ts'
import { columnFields, standardColumns } from './columns.ts'
import { countValues, dropColumn, removeFormerFields } from './former-field-store.ts'
import { removeSealedValues } from './sealed-value-store.ts'

/** What a field that is gone has left behind. */
export interface FormerColumn {
  /** The field's name; where a namesake took its place, followed by `~` and a mark. */
  readonly column: string
  /** Documents, or child rows, that hold a value in it. */
  readonly values: number
}

/**
 * The columns of a DocType's table that no field of it has any more.
 *
 * @throws {FrappeError} `DoesNotExistError` when there is no such DocType
 */
export async function listFormerColumns(database: Database, doctypes: DocTypes, name: string): Promise<FormerColumn[]> {
  return formerOf(database.connection, database, doctypes.require(name))
}

/**
 * Drops the columns that no field has any more, with what stands in them: for ever. The only act that does so.
 *
 * @returns what was dropped
 * @throws {FrappeError} `DoesNotExistError` when there is no such DocType
 */
export async function purgeFormerColumns(database: Database, doctypes: DocTypes, name: string): Promise<FormerColumn[]> {
  const dialect = dialectOf(database.engine)
  const purged = await database.transaction(
    async (connection) => {
      await dialect.lockMigrations(connection)
      await doctypes.load()
      const doctype = doctypes.require(name)
      const former = await formerOf(connection, database, doctype)
      for (const { column } of former) {
        await dropColumn(connection, tableName(name), column)
        await removeSecretsOf(connection, doctype, column)
      }
      await removeFormerFields(connection, name)
      await raiseDefinitionsVersion(connection)
      await bumpGeneration(connection)
      return former
    },
    { durable: true },
  )
  await doctypes.load()
  return purged
}

/** What a Password field that is gone has kept elsewhere, unless a namesake of its kind has taken it over. */
async function removeSecretsOf(connection: Connection, doctype: DocType, column: string): Promise<void> {
  const [fieldname] = column.split('~') as [string]
  const isKept = doctype.fields.some((field) => field.fieldname === fieldname && field.fieldtype === 'Password')
  if (!isKept) await removeSealedValues(connection, doctype.name, fieldname)
}

async function formerOf(connection: Connection, database: Database, doctype: DocType): Promise<FormerColumn[]> {
  const dialect = dialectOf(database.engine)
  const table = tableName(doctype.name)
  const kept = new Set([...standardColumns(dialect, doctype).keys(), ...columnFields(doctype).map((field) => field.fieldname)])
  const shape = (await dialect.listTables(connection)).find(({ name }) => name === table)
  const former: FormerColumn[] = []
  for (const { name, kind } of shape?.columns ?? [])
    if (!kept.has(name))
      former.push({ column: name, values: await countValues(connection, table, name, kind === 'int' || kind === 'decimal' ? 0 : '') })
  return former
}
