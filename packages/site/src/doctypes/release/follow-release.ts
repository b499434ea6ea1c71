import { createHash } from 'node:crypto'
import { bumpGeneration, dialectOf } from '@annex/database'
import type { Connection, Database, Dialect } from '@annex/database'
import type { DocType } from '@annex/protocol'
import { coreDefinitions, coreId, parseCore } from '../core-doctypes.ts'
import type { CoreDefinition } from '../core-doctypes.ts'
import { listCoreDefinitions, listDefinitions, raiseDefinitionsVersion } from '../doctype-store.ts'
import type { StoredDefinition } from '../doctype-store.ts'
import { parseDocType } from '../parse-doctype.ts'
import { createTable, syncTable } from '../tables.ts'
import { standardLayout } from '../tables/columns.ts'
import { indexesOf } from '../tables/indexes.ts'
import { dropOtherIndexes, followLayout } from '../tables/layout.ts'
import { Clock } from '../values/clock.ts'
import type { OnWork } from './release-work.ts'
import { ReleaseStore, insertApplied, isApplied, tablesOf } from './release-store.ts'

/** Roles that everyone has by what they are, and the one that rules the site. */
const ROLES = ['Administrator', 'System Manager', 'Desk User', 'All', 'Guest']

/** Raised when `SearchIndex` makes something that it did not before. */
const SEARCH_LAYOUT = 2

/**
 * Brings a database to what this release says of the core DocTypes and of every table: DocTypes that are new, fields gained and
 * lost (a lost one keeps its column), columns and indexes that all tables have, the definitions as documents, the roles.
 *
 * One transaction; of two processes that start at once one waits for the other. A release that was applied before does nothing,
 * so that a process of an earlier one, started later, leaves what the newer one made.
 *
 * @param onWork - hears of what takes long because there are many documents
 * @param definitions - of the release, for tests
 * @returns whether something was to be done
 * @throws {Error} one sentence when a DocType of the site's own has the name of one that the release brings
 */
export async function followRelease(
  database: Database,
  onWork: OnWork = () => {},
  definitions: readonly CoreDefinition[] = coreDefinitions,
): Promise<boolean> {
  const dialect = dialectOf(database.engine)
  if (await isApplied(database.connection, fingerprintOf(definitions))) return false
  return database.transaction((connection) => followReleaseWithin(connection, dialect, onWork, definitions), { durable: true })
}

/** The same inside the caller's transaction. */
export async function followReleaseWithin(
  connection: Connection,
  dialect: Dialect,
  onWork: OnWork = () => {},
  definitions: readonly CoreDefinition[] = coreDefinitions,
): Promise<boolean> {
  await dialect.lockMigrations(connection)
  const fingerprint = fingerprintOf(definitions)
  if (await isApplied(connection, fingerprint)) return false
  const now = new Clock().now()
  const doctypes = definitions.map(parseCore)
  await followTables(connection, dialect, doctypes, onWork)
  const store = new ReleaseStore(connection, doctypes, now)
  for (const definition of definitions) await store.writeDefinition(definition)
  for (const role of ROLES)
    await store.insertRole(role, { role_name: role, desk_access: role === 'System Manager' || role === 'Desk User' ? 1 : 0 })
  await insertApplied(connection, fingerprint, now)
  await raiseDefinitionsVersion(connection)
  await bumpGeneration(connection)
  return true
}

/** Changes whenever the files of core DocTypes do, or what every table has. */
function fingerprintOf(definitions: readonly CoreDefinition[]): string {
  const facts = [definitions, standardLayout, definitions.map(parseCore).map(indexesOf), SEARCH_LAYOUT, ROLES]
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex')
}

async function followTables(connection: Connection, dialect: Dialect, doctypes: readonly DocType[], onWork: OnWork): Promise<void> {
  const isNew = !(await dialect.tableExists(connection, 'tabDocType'))
  const before = isNew ? new Map<string, DocType>() : byName((await listCoreDefinitions(connection)).map(parseStoredCore))
  const own = isNew ? new Map<string, DocType>() : byName((await listDefinitions(connection)).map((stored) => parseStored(stored, false)))
  for (const [table, doctype] of tablesOf(doctypes)) {
    const previous = before.get(doctype.name)
    if (previous && (await dialect.tableExists(connection, table))) {
      await dropOtherIndexes(connection, dialect, previous)
      await syncTable(connection, dialect, doctype, previous)
    } else await createTable(connection, dialect, doctype)
  }
  if (isNew) return
  for (const [, doctype] of tablesOf([...doctypes, ...own.values()])) await followLayout(connection, dialect, doctype, onWork)
}

function byName(doctypes: readonly DocType[]): Map<string, DocType> {
  return new Map(doctypes.map((doctype) => [doctype.name, doctype]))
}

/** Core DocTypes may have fields whose names are the system's in others, as Custom DocPerm has `parent`. */
function parseStored({ id, values }: StoredDefinition, core: boolean): DocType {
  return parseDocType(values, { origin: 'file', core, id })
}

function parseStoredCore(stored: StoredDefinition): DocType {
  refuseNamesake(stored)
  return parseStored(stored, true)
}

function refuseNamesake({ id, values }: StoredDefinition): void {
  const name = String(values['name'])
  if (id !== coreId(name))
    throw new Error(
      `this release brings a DocType ${name}, and the site has one of its own by that name: move its documents to another DocType with the earlier release, and remove it there`,
    )
}
