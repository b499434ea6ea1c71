import { dialectOf, migrate, migrateWithin } from '@annex/database'
import type { Connection, Database, Dialect, Migration } from '@annex/database'
import { followReleaseWithin } from '../doctypes/release/follow-release.ts'
import { readBackup } from './backup-file.ts'
import { replaceAll } from './database-parts.ts'
import { refuseUnfinished } from './mark.ts'
import type { Part, Report, Row } from './parts.ts'
import { raiseCounters, readCounters, type Counter } from './counters-store.ts'

export interface RestoreRequest {
  readonly database: Database
  readonly file: string
  /** Of this release. */
  readonly migrations: readonly Migration[]
  /** Numbers that must be greater afterwards than before and than in the file. */
  readonly counters: readonly Counter[]
  /** Ends what must not come back to life, in the same transaction. */
  readonly endAccess: (connection: Connection) => Promise<void>
  readonly report?: Report
}

/** What a backup file holds: rows by table. */
export type Contents = ReadonlyMap<string, number>

/**
 * Reads a backup file to its end.
 *
 * @throws {Error} one sentence when it is not whole, or of a later release
 */
export async function checkBackup(file: string, migrations: readonly Migration[]): Promise<Contents> {
  const [contents, applied] = [new Map<string, number>(), [] as string[]]
  let table = ''
  for await (const part of readBackup(file)) {
    if (part.kind === 'table') table = part.table.name
    else if (part.kind === 'sum') contents.set(table, part.sum.rows)
    else if (table === 'migration') applied.push(...part.rows.map(nameOf))
  }
  if (!contents.has('tabDocType')) throw new Error(`There is no site in ${file}`)
  const known = new Set(migrations.map((migration) => migration.name))
  const later = applied.find((name) => !known.has(name))
  if (later !== undefined) throw new Error(`${file} was made by a later release (it knows the step "${later}"); restore it with that one`)
  return contents
}

const nameOf = (row: Row): string => (typeof row[0] === 'string' ? row[0] : '')

/**
 * Puts what a backup file holds in the place of all that the database holds, in one transaction: others see the site as it was or
 * as it is afterwards. Running processes notice by the generation. A file of an earlier release is brought up to date.
 *
 * @throws {Error} one sentence; nothing has changed then
 */
export async function restore(request: RestoreRequest): Promise<void> {
  const { database, file, migrations, report } = request
  const dialect = dialectOf(database.engine)
  await refuseUnfinished(database)
  await migrate(database, migrations)
  await database.transaction(
    async (connection) => {
      await dialect.lockMigrations(connection)
      const before = await readCounters(connection, request.counters)
      await replaceAll(connection, dialect, told(readBackup(file), report))
      await bringUpToDate(connection, dialect, migrations)
      await raiseCounters(connection, request.counters, before)
      await request.endAccess(connection)
    },
    { durable: true },
  )
}

async function bringUpToDate(connection: Connection, dialect: Dialect, migrations: readonly Migration[]): Promise<void> {
  await migrateWithin(connection, dialect, migrations)
  await followReleaseWithin(connection, dialect)
}

async function* told(parts: AsyncIterable<Part>, report: Report = () => {}): AsyncGenerator<Part> {
  let table = ''
  for await (const part of parts) {
    yield part
    if (part.kind === 'table') table = part.table.name
    else if (part.kind === 'sum') report({ table, rows: part.sum.rows, done: true })
  }
}
