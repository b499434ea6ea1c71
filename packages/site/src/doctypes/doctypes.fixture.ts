import { Generation, databaseMigrations, dialectOf, migrate, openDatabase } from '@annex/database'
import type { Connection, Database, Dialect, Engine } from '@annex/database'
import { isColumn } from '@annex/protocol'
import type { DocType, Document, Values } from '@annex/protocol'
import { temporaryDatabase } from '../../../../tests/support/databases.ts'
import type { Controller } from './controller.ts'
import { coreDocType } from './core-doctypes.ts'
import { doctypeController } from './doctype-controller.ts'
import { DocTypes } from './doctypes.ts'
import { doctypeMigrations } from './migrations.ts'
import { randomName } from './naming/name-for.ts'
import { hiddenColumns } from './search-text.ts'
import { tableName } from './table-name.ts'
import { Clock } from './values/clock.ts'
import { defaultsFor } from './values/defaults.ts'
import { toStored } from './values/to-stored.ts'

const clock = new Clock()
type Tables = Record<string, Record<string, unknown>>

/** One process of a site: its own connection to the database, its own registry. */
export interface SiteProcess {
  readonly database: Database
  readonly dialect: Dialect
  readonly generation: Generation
  readonly doctypes: DocTypes
  readonly controller: Controller
  close(): Promise<void>
}

export interface TestSite extends SiteProcess {
  /** Another process on the same database. */
  join(): Promise<SiteProcess>
}

/** A process on a database that is there already; it has loaded nothing yet. */
export async function startProcess(url: string): Promise<SiteProcess> {
  const database = await openDatabase(url)
  const dialect = dialectOf(database.engine)
  const generation = new Generation(database)
  const doctypes = new DocTypes(database)
  generation.onChange(() => doctypes.load())
  return {
    database,
    dialect,
    generation,
    doctypes,
    controller: doctypeController(doctypes, generation, dialect),
    close: () => database.close(),
  }
}

export async function startSite(engine: Engine): Promise<TestSite> {
  const place = await temporaryDatabase(engine)
  const first = await startProcess(place.url)
  await migrate(first.database, [...databaseMigrations, ...doctypeMigrations])
  await first.doctypes.load()
  const processes = [first]
  const join = async (): Promise<SiteProcess> => {
    const process = await startProcess(place.url)
    await process.doctypes.load()
    processes.push(process)
    return process
  }
  const close = async (): Promise<void> => {
    for (const process of processes) await process.database.close()
    await place.remove()
  }
  return { ...first, join, close }
}

/** A document as it will be stored, with its rows. */
export function draft(doctype: DocType, values: Values): Document {
  const now = clock.now()
  const standard = {
    owner: 'Administrator',
    creation: String(now),
    modified: String(now),
    modified_by: 'Administrator',
    docstatus: 0,
    idx: 0,
  }
  return { name: randomName(), ...standard, doctype: doctype.name, ...defaultsFor(doctype, 'Administrator', now, 'UTC'), ...values }
}

async function writeRow(connection: Connection, doctype: DocType, document: Document, replace = false): Promise<void> {
  const table = connection.withTables<Tables>()
  const now = clock.now()
  const columns = Object.fromEntries(
    doctype.fields.filter(isColumn).map((field) => [field.fieldname, toStored(field, document[field.fieldname], 'UTC')]),
  )
  const name = String(document.name)
  const parent = Object.fromEntries(['parent', 'parentfield', 'parenttype'].map((key) => [key, document[key]]))
  const own = doctype.istable ? parent : hiddenColumns(doctype, name, columns)
  const row = {
    name,
    owner: 'Administrator',
    creation: now,
    modified: now,
    modified_by: 'Administrator',
    docstatus: 0,
    idx: document.idx,
    ...columns,
    ...own,
  }
  if (replace) await table.updateTable(tableName(doctype.name)).set(row).where('name', '=', name).execute()
  else await table.insertInto(tableName(doctype.name)).values(row).execute()
}

async function writeDefinition(connection: Connection, document: Document, replace: boolean): Promise<void> {
  await writeRow(connection, coreDocType('DocType'), document, replace)
  for (const [parentfield, child] of [
    ['fields', 'DocField'],
    ['permissions', 'DocPerm'],
  ] as const) {
    await connection.withTables<Tables>().deleteFrom(`tab${child}`).where('parent', '=', String(document.name)).execute()
    const rows = (document[parentfield] ?? []) as Values[]
    for (const [index, row] of rows.entries()) {
      await writeRow(connection, coreDocType(child), {
        ...draft(coreDocType(child), row),
        idx: index + 1,
        parent: document.name,
        parentfield,
        parenttype: 'DocType',
      })
    }
  }
}

/** Makes a DocType as a caller of the API does. */
export async function insertDocType(site: SiteProcess, values: Values): Promise<Document> {
  const type = coreDocType('DocType')
  const document = draft(type, structuredClone(values))
  await site.database.transaction(async (connection) => {
    const change = { connection, doctype: type, user: 'Administrator', document, sent: values, reply: {} }
    await site.controller.beforeInsert?.(change)
    await writeDefinition(connection, document, false)
    await site.controller.afterInsert?.(change)
  })
  await site.controller.afterCommit?.()
  return document
}

export async function updateDocType(site: SiteProcess, previous: Document, values: Values): Promise<Document> {
  const document: Document = { ...structuredClone(previous), ...structuredClone(values) }
  await site.database.transaction(async (connection) => {
    const change = { connection, doctype: coreDocType('DocType'), user: 'Administrator', document, previous, sent: values, reply: {} }
    await site.controller.beforeUpdate?.(change)
    await writeDefinition(connection, document, true)
    await site.controller.afterUpdate?.(change)
  })
  await site.controller.afterCommit?.()
  return document
}

export async function removeDocType(site: SiteProcess, document: Document): Promise<void> {
  await site.database.transaction(async (connection) => {
    const change = { connection, doctype: coreDocType('DocType'), user: 'Administrator', document, previous: document, sent: {}, reply: {} }
    await site.controller.beforeRemove?.(change)
    for (const table of ['tabDocField', 'tabDocPerm'])
      await connection.withTables<Tables>().deleteFrom(table).where('parent', '=', document.name).execute()
    await connection.withTables<Tables>().deleteFrom('tabDocType').where('name', '=', document.name).execute()
    await site.controller.afterRemove?.(change)
  })
  await site.controller.afterCommit?.()
}

/** Writes a document of a DocType and reads its columns as they are stored. */
export async function insertDocument(site: SiteProcess, doctype: DocType, values: Values): Promise<string> {
  const document = draft(doctype, values)
  await writeRow(site.database.connection, doctype, document)
  return String(document.name)
}

export async function readStored(site: SiteProcess, doctype: string, name: string): Promise<Record<string, unknown> | undefined> {
  return site.database.connection
    .withTables<Tables>()
    .selectFrom(tableName(doctype))
    .selectAll()
    .where('name', '=', name)
    .executeTakeFirst()
}
