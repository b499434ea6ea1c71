import type Sqlite from 'better-sqlite3'

/** By its name and not by its class: a site on PostgreSQL knows this dialect, and never loads the driver. */
export const isSqliteError = (error: unknown): error is InstanceType<typeof Sqlite.SqliteError> =>
  error instanceof Error && error.name === 'SqliteError'

export const isSqliteBusy = (error: unknown): boolean => isSqliteError(error) && error.code.startsWith('SQLITE_BUSY')
