import { dialectOf, openDatabase, type Connection, type Database } from '@annex/database'
import { Audit } from './audit/audit.ts'
import { protectTrail } from './audit/chain/append-only.ts'
import type { Config } from './config.ts'
import { removeAllPending } from './identity/factor/pending-store.ts'
import { removeAllResets } from './identity/password-reset/password-reset-store.ts'
import { removeAllSessionRows } from './identity/sessions/session-store.ts'
import { forgetSigningKeys } from './oauth/keys/signing-keys-store.ts'
import { MIGRATIONS } from './rooms.ts'
import { databaseSetting, makeDataFolder } from './start-faults.ts'
import { backUp } from './transfer/backup.ts'
import { copySite as copy } from './transfer/copy.ts'
import { countHeld, type Held } from './transfer/held-store.ts'
import { checkBackup, restore, type Contents } from './transfer/restore.ts'
import type { Report } from './transfer/parts.ts'

/**
 * Copies the site of one database URL into another, which must be empty.
 *
 * @throws {Error} one sentence
 */
export function copySite(from: string, to: string, report: Report, onBegunAnew: () => void): Promise<void> {
  return copy({ from, to, migrations: MIGRATIONS, report, onBegunAnew })
}

/**
 * Writes the site that the settings name into one file, while it runs.
 *
 * @param replace - whether a file of that name may go
 * @throws {Error} one sentence
 */
export function backUpSite(config: Config, file: string, replace: boolean, report: Report): Promise<void> {
  return withDatabase(config, true, (database) => backUp({ database, file, replace, report }))
}

export interface RestorePlan {
  /** Rows by table, in the file. */
  readonly contents: Contents
  /** What the database holds and would lose; undefined when it is empty. */
  readonly held: Held | undefined
}

/**
 * Reads the whole file and says what a restore would do. Changes nothing.
 *
 * @throws {Error} one sentence when the file is not whole, or of a later release
 */
export async function planRestore(config: Config, file: string): Promise<RestorePlan> {
  const contents = await checkBackup(file, MIGRATIONS)
  return { contents, held: await withDatabase(config, false, countHeld) }
}

/** Numbers by which processes and tokens tell that they are of another time. */
const COUNTERS = [
  { table: 'generation', column: 'value' },
  { table: 'doctype_version', column: 'value' },
  { table: 'oauth_state', column: 'epoch' },
]

/**
 * Puts the file's site in the place of the one that the settings name, in one transaction. Every token, code and session from before is
 * dead afterwards, of what was there and of what the file holds, so that no revoked grant comes back to life.
 *
 * @throws {Error} one sentence; nothing has changed then
 * @see provider.md 0.14
 */
export async function restoreSite(config: Config, file: string, report: Report): Promise<void> {
  await checkBackup(file, MIGRATIONS)
  await withDatabase(config, false, (database) =>
    restore({
      database,
      file,
      migrations: MIGRATIONS,
      counters: COUNTERS,
      endAccess: (connection) => settleRestored(database, connection),
      report,
    }),
  )
}

async function settleRestored(database: Database, connection: Connection): Promise<void> {
  await removeAllSessionRows(connection)
  await removeAllResets(connection)
  await removeAllPending(connection)
  await forgetSigningKeys(connection)
  // Tables that were made anew are bare, and the trail goes on from where the file ends.
  await protectTrail(connection, dialectOf(database.engine))
  await new Audit({ database }).write(connection, { event: 'site restored', user: 'Administrator' })
}

async function withDatabase<T>(config: Config, mustExist: boolean, work: (database: Database) => Promise<T>): Promise<T> {
  if (!mustExist) await makeDataFolder(config.dataFolder)
  const database = await openDatabase(config.databaseUrl, { setting: databaseSetting(config), mustExist })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}
