import { dialectOf, migrate, openDatabase } from '@annex/database'
import type { Database, Migration } from '@annex/database'
import { readParts, replaceAll } from './database-parts.ts'
import { isUnfinished, markUnfinished, refuseUnfinished } from './mark.ts'
import type { Report } from './parts.ts'

export interface CopyRequest {
  readonly from: string
  readonly to: string
  /** Of this release: they make on each engine what belongs to that engine alone. */
  readonly migrations: readonly Migration[]
  readonly report?: Report
  /** Told when the copy begins where an earlier one was interrupted. */
  readonly onBegunAnew?: () => void
}

/**
 * Copies a whole site into an empty database of either engine: the state of one moment, while the source is written to.
 *
 * The target holds a site when this returns, and not before: one that was interrupted is refused when it is opened, and the next
 * copy into it begins anew.
 *
 * @throws {Error} one sentence: a database cannot be opened, the source holds no site, the target is not empty, a sum differs
 */
export async function copySite(request: CopyRequest): Promise<void> {
  const source = await openDatabase(request.from, { setting: '--from', mustExist: true })
  try {
    await requireSite(source)
    const target = await openDatabase(request.to, { setting: '--to' })
    try {
      await copyInto(source, target, request)
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

async function copyInto(source: Database, target: Database, { migrations, report, onBegunAnew }: CopyRequest): Promise<void> {
  if (await isUnfinished(target)) onBegunAnew?.()
  else await requireEmpty(target)
  await markUnfinished(target)
  await migrate(target, migrations)
  await source.snapshot((reading) =>
    target.transaction((writing) => replaceAll(writing, dialectOf(target.engine), readParts(reading, dialectOf(source.engine), report)), {
      durable: true,
    }),
  )
}

/** @throws {Error} one sentence, when there is no whole site in the database */
export async function requireSite(database: Database): Promise<void> {
  await refuseUnfinished(database)
  if (!(await dialectOf(database.engine).tableExists(database.connection, 'tabDocType')))
    throw new Error(`There is no site in the database ${database.place}`)
}

async function requireEmpty(target: Database): Promise<void> {
  const tables = await dialectOf(target.engine).listTables(target.connection)
  if (tables.length > 0)
    throw new Error(`The database ${target.place} is not empty (it has ${tables.length} tables); a site is copied into an empty one only`)
}
