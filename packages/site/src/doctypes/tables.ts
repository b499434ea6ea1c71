import type { Connection, Dialect } from '@annex/database'
import { invalid } from '@annex/protocol'
import type { DocField, DocType } from '@annex/protocol'
import { sql } from 'kysely'
import { columnFields, columnType, columnsFor, fieldColumn, kindOf } from './tables/columns.ts'
import { fitsAlways } from './tables/conversion.ts'
import { consumeFormerField, insertFormerField, removeFormerFields } from './tables/former-field-store.ts'
import { createIndex, dropIndex, indexesOf } from './tables/indexes.ts'
import type { Index } from './tables/indexes.ts'
import { convertColumn, countMisfits } from './tables/retype.ts'
import { removeSealedValues } from './tables/sealed-value-store.ts'
import { fillSearch } from './tables/search-column-store.ts'
import { searchedFields } from './search-text.ts'
import { shortHash, tableName } from './table-name.ts'
import { isDynamicDefault } from './values/defaults.ts'
import { toStored } from './values/to-stored.ts'

/** Makes the table of a DocType's documents, empty, with its indexes. */
export async function createTable(connection: Connection, dialect: Dialect, doctype: DocType): Promise<void> {
  const table = tableName(doctype.name)
  await sql`create table ${sql.table(table)} (${sql.join(columnsFor(dialect, doctype))})`.execute(connection)
  for (const index of indexesOf(doctype)) await createIndex(connection, dialect, doctype, index)
  if (doctype.istable) return
  for (const statement of dialect.searchIndex.create(table)) await statement.execute(connection)
}

/** Removes the table and all that is in it. */
export async function dropTable(connection: Connection, dialect: Dialect, doctype: DocType): Promise<void> {
  const table = tableName(doctype.name)
  if (!doctype.istable) for (const statement of dialect.searchIndex.drop(table)) await statement.execute(connection)
  await sql`drop table ${sql.table(table)}`.execute(connection)
  await removeFormerFields(connection, doctype.name)
  await removeSealedValues(connection, doctype.name)
}

/** One change of a definition. */
interface Sync {
  readonly connection: Connection
  readonly dialect: Dialect
  readonly table: string
  readonly next: DocType
  readonly zone: string
}

/**
 * Makes the table follow its changed definition; documents keep their values. A field that is gone leaves
 * its column, and finds it again when it returns with a type that fits. A new field begins with its default.
 *
 * @param zone - in which times are shown, for those that become text or were text
 * @throws {FrappeError} `ValidationError` when stored values would not fit: of another type or too long,
 * or of a unique field that are not
 */
export async function syncTable(connection: Connection, dialect: Dialect, next: DocType, previous: DocType, zone = 'UTC'): Promise<void> {
  if (next.istable !== previous.istable)
    throw invalid(`DocType ${next.name}: whether it is a child table cannot change; make a new DocType`)
  const sync: Sync = { connection, dialect, table: tableName(next.name), next, zone }
  const before = fieldsByName(previous)
  const dropped = await dropIndexes(sync, previous)
  const columns = new Set(await dialect.columnsOf(connection, sync.table))
  for (const field of columnFields(next)) {
    const old = before.get(field.fieldname)
    if (field.unique && old?.unique !== true && columns.has(field.fieldname)) await emptyToNull(sync, old ?? field)
    if (old) await changeColumn(sync, field, old)
    else if (columns.has(field.fieldname)) await takeBackColumn(sync, field)
    else await addColumn(sync, field)
    before.delete(field.fieldname)
  }
  for (const gone of before.values()) await insertFormerField(connection, next.name, gone)
  const kept = new Set(
    indexesOf(previous)
      .map(({ name }) => name)
      .filter((name) => !dropped.has(name)),
  )
  for (const index of indexesOf(next).filter(({ name }) => !kept.has(name))) await createIndex(connection, dialect, next, index)
  if (!next.istable && searchedFields(next).join() !== searchedFields(previous).join()) await fillSearch(connection, next)
}

const fieldsByName = (doctype: DocType): Map<string, DocField> => new Map(columnFields(doctype).map((field) => [field.fieldname, field]))

/** Those that the next definition has no more, and those of a column that will be made anew; their names. */
async function dropIndexes({ connection, dialect, next }: Sync, previous: DocType): Promise<Set<string>> {
  const before = fieldsByName(previous)
  const anew = new Set(
    columnFields(next)
      .filter((field) => isReplaced(dialect, field, before.get(field.fieldname)))
      .map((field) => field.fieldname),
  )
  const wanted = new Set(indexesOf(next).map((index) => index.name))
  const goes = (index: Index): boolean => !wanted.has(index.name) || index.columns.some((column) => anew.has(column))
  const gone = indexesOf(previous).filter(goes)
  for (const index of gone) await dropIndex(connection, index)
  return new Set(gone.map((index) => index.name))
}

const isReplaced = (dialect: Dialect, field: DocField, old: DocField | undefined): boolean =>
  old !== undefined && columnType(dialect, field) !== columnType(dialect, old)

async function addColumn({ connection, dialect, table }: Sync, field: DocField): Promise<void> {
  await sql`alter table ${sql.table(table)} add column ${fieldColumn(dialect, field)}`.execute(connection)
  if (field.default === null || isDynamicDefault(field.default) || field.unique) return
  const value = toStored(field, field.default, 'UTC')
  if (value !== 0 && value !== null) await sql`update ${sql.table(table)} set ${sql.ref(field.fieldname)} = ${value}`.execute(connection)
}

/** Values stay in their column, or move to one of the new type. */
async function changeColumn(sync: Sync, field: DocField, old: DocField): Promise<void> {
  const { connection, dialect, table, next, zone } = sync
  const retype = { connection, dialect, doctype: next, from: old, to: field, zone }
  if (!isReplaced(dialect, field, old)) {
    if (!fitsAlways(old, field)) await convertColumn({ ...retype, source: field.fieldname })
    return
  }
  const aside = await moveAside(sync, field.fieldname)
  await addColumn(sync, { ...field, default: null })
  if (fitsAlways(old, field)) await sql`update ${sql.table(table)} set ${sql.ref(field.fieldname)} = ${sql.ref(aside)}`.execute(connection)
  else await convertColumn({ ...retype, source: aside })
  await sql`alter table ${sql.table(table)} drop column ${sql.ref(aside)}`.execute(connection)
}

/** Of a field that was taken out before; when some of its values do not fit, all stay where they are, out of sight. */
async function takeBackColumn(sync: Sync, field: DocField): Promise<void> {
  const { connection, dialect, next, zone } = sync
  const fieldtype = await consumeFormerField(connection, next.name, field.fieldname)
  if (fieldtype !== undefined) {
    const old = { ...field, fieldtype, length: 0, options: '' }
    const misfits = await countMisfits({ connection, dialect, doctype: next, source: field.fieldname, from: old, to: field, zone })
    if (misfits.count === 0) return changeColumn(sync, field, old)
  }
  await moveAside(sync, field.fieldname)
  await addColumn(sync, field)
}

/** Two documents may both leave a unique field empty. */
async function emptyToNull({ connection, table }: Sync, field: DocField): Promise<void> {
  if (!['short', 'text', 'json'].includes(kindOf(field))) return
  const column = sql.ref(field.fieldname)
  await sql`update ${sql.table(table)} set ${column} = null where ${column} = ''`.execute(connection)
}

/** Under a name that no field can have. */
async function moveAside({ connection, dialect, table }: Sync, fieldname: string): Promise<string> {
  const taken = new Set(await dialect.columnsOf(connection, table))
  let [aside, attempt] = ['', 0]
  do aside = `${fieldname.slice(0, 40)}~${shortHash(`${fieldname} ${attempt++}`)}`
  while (taken.has(aside))
  await sql`alter table ${sql.table(table)} rename column ${sql.ref(fieldname)} to ${sql.ref(aside)}`.execute(connection)
  return aside
}
