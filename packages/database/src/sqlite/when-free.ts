import { setTimeout as sleep } from 'node:timers/promises'
import { isSqliteBusy } from './sqlite-errors.ts'

/** How long a write, or an opening, waits for another process, in milliseconds. */
const BUSY_TIMEOUT = 5000

/**
 * Runs what another process may hold up, again and again, until it is through.
 * SQLite's own wait would hold up the whole process; this one lets other requests run meanwhile.
 * It also covers what SQLite never waits for by itself, such as the change of a file that two processes open at once to a write-ahead log.
 *
 * @throws {SqliteError} with SQLITE_BUSY when it is not free within five seconds; whatever else `act` throws, at once
 */
export async function whenFree<T>(act: () => T): Promise<T> {
  const deadline = performance.now() + BUSY_TIMEOUT
  for (;;) {
    try {
      return act()
    } catch (error) {
      if (!isSqliteBusy(error) || performance.now() > deadline) throw error
    }
    await sleep(1 + Math.random() * 4)
  }
}
