import { access } from 'node:fs/promises'
import { dialectOf } from '@annex/database'
import type { Database } from '@annex/database'
import { taken, writeBackup } from './backup-file.ts'
import { requireSite } from './copy.ts'
import { readParts } from './database-parts.ts'
import type { Report } from './parts.ts'

export interface BackupRequest {
  readonly database: Database
  readonly file: string
  /** Whether a file of that name may be replaced. */
  readonly replace: boolean
  readonly report?: Report
}

/**
 * Writes a site into one file, in the state of one moment, while it runs. The file does for either engine, and its owner alone
 * may read it: it holds what is hashed in the database. The site's keys are not in it.
 *
 * @throws {Error} one sentence: there is no site, or a file of that name
 */
export async function backUp({ database, file, replace, report }: BackupRequest): Promise<void> {
  await requireSite(database)
  if (!replace && (await exists(file))) throw taken(file)
  const dialect = dialectOf(database.engine)
  await database.snapshot((connection) => writeBackup(file, readParts(connection, dialect, report), new Date().toISOString(), replace))
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
