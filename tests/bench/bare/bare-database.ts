import Sqlite from 'better-sqlite3'

export type Row = Record<string, unknown>

export const now = (): number => Date.now() * 1000

export const GENERATION = '(select value from generation where id = 1)'
export const EPOCH = '(select epoch from oauth_state where id = 1)'

/** A file of the site's, with the pragmas that the site gives its own connection. */
export function openBare(path: string): Sqlite.Database {
  const database = new Sqlite(path, { timeout: 5000 })
  for (const pragma of [
    'journal_mode = wal',
    'synchronous = normal',
    'journal_size_limit = 67108864',
    'wal_autocheckpoint = 4000',
    'foreign_keys = on',
    'temp_store = memory',
  ])
    database.pragma(pragma)
  return database
}

/** Through to the disk, as the site does it. */
export function durably<T>(database: Sqlite.Database, transaction: () => T): T {
  database.pragma('synchronous = full')
  try {
    return transaction()
  } finally {
    database.pragma('synchronous = normal')
  }
}
