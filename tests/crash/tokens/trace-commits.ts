import { subscribe } from 'node:diagnostics_channel'
import { writeSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type Sqlite from 'better-sqlite3'
import type pg from 'pg'
import { observeDrivers, type Driver } from './observed-drivers.ts'
import { TRACE_HEADER, traceLine, type Event } from './trace.ts'

// Loaded before a site (`--import`): its process tells what it stores, how each commit is held to the disk, and when it answers.

const connections = new Map<Driver, number>()
const say = (event: Event): void => void writeSync(1, traceLine(event))
const CHANGE = /^(insert|update|delete)\b/

subscribe('http.server.request.start', (message) => {
  const { request, response } = message as { readonly request: IncomingMessage; readonly response: ServerResponse }
  const name = request.headers[TRACE_HEADER]
  if (typeof name !== 'string') return
  say({ at: 'request', name })
  const end = response.end.bind(response) as (...args: readonly unknown[]) => ServerResponse
  // Nothing of an answer is on its way before this.
  Object.assign(response, {
    end: (...args: readonly unknown[]) => {
      say({ at: 'answer', name })
      return end(...args)
    },
  })
})

observeDrivers((moment, statement, driver) => {
  const connection = connections.get(driver) ?? connections.size
  connections.set(driver, connection)
  if (moment === 'before' && CHANGE.test(statement)) say({ at: 'change', connection, statement })
  if (statement !== 'commit') return
  if (moment === 'before') beginCommit(driver, connection)
  if (moment === 'after') say({ at: 'committed', connection })
})

function beginCommit(driver: Driver, connection: number): void {
  if ('pragma' in driver) say({ at: 'commit', connection, held: heldBySqlite(driver) })
  else void tellPostgres(driver, connection)
}

const heldBySqlite = (driver: Sqlite.Database): string =>
  `synchronous ${String(driver.pragma('synchronous', { simple: true }))}, journal ${String(driver.pragma('journal_mode', { simple: true }))}`

/**
 * A connection answers in order: the first of these before the commit, the second behind it. What the server's log had reached when
 * the commit began must be on its disk when it is answered, and more: the commit itself.
 */
async function tellPostgres(driver: pg.Client, connection: number): Promise<void> {
  const { rows } = await driver.query<{ setting: string; reached: string }>(
    `select current_setting('synchronous_commit') as setting, pg_current_wal_insert_lsn()::text as reached`,
  )
  const [{ setting, reached } = { setting: '', reached: '' }] = rows
  say({ at: 'commit', connection, held: `synchronous_commit ${setting}` })
  const flushed = await driver.query<{ more: number }>(`select (pg_current_wal_flush_lsn() > $1::pg_lsn)::int as more`, [reached])
  say({ at: 'flushed', connection, beyond: flushed.rows[0]?.more === 1 })
}
