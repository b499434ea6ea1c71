import type { Database } from './database.ts'

export interface OpenOptions {
  /** PostgreSQL: false behind a pooler that cannot keep named statements (PgBouncer before 1.21). Default true. */
  readonly namedStatements?: boolean
  /** PostgreSQL: connections held at most. Default 10. */
  readonly maxConnections?: number
  /** SQLite: refuses a file that is not there instead of making it. Default false. */
  readonly mustExist?: boolean
  /** The setting that the URL came from, for messages. Default `DATABASE_URL`. */
  readonly setting?: string
}

/**
 * Opens the database that a URL names: `sqlite:/absolute/path.db` (made when absent; its folder must exist) or `postgres://…`.
 *
 * @throws {Error} one sentence with the setting, the place without its password, and the reason
 */
export async function openDatabase(url: string, options: OpenOptions = {}): Promise<Database> {
  try {
    if (url.startsWith('sqlite:')) return await openSqlite(url, options)
    if (/^postgres(ql)?:/.test(url) && !isReadable(url)) throw new Error(UNREADABLE)
    if (/^postgres(ql)?:\/\//.test(url)) return await openPostgres(url, options)
    throw new Error('it must begin with sqlite:/ or postgres://')
  } catch (error) {
    const place = placeOf(url)
    throw new Error(`Cannot open the database ${place} (${options.setting ?? 'DATABASE_URL'}): ${reasonOf(error)}`, { cause: error })
  }
}

// A process has one engine: the driver of the other is never loaded.
async function openSqlite(url: string, { mustExist }: OpenOptions): Promise<Database> {
  const { SqliteDatabase } = await import('./sqlite/sqlite-database.ts')
  return SqliteDatabase.open(url, mustExist)
}

async function openPostgres(url: string, options: OpenOptions): Promise<Database> {
  const { PostgresDatabase } = await import('./postgres/postgres-database.ts')
  return PostgresDatabase.open(url, placeOf(url), options)
}

/** The URL without what must not be shown: its password and its query. */
function placeOf(url: string): string {
  if (url.startsWith('sqlite:')) return url
  if (!isReadable(url)) return 'whose URL cannot be read'
  const { protocol, username, host, pathname } = new URL(url)
  return `${protocol}//${username ? `${username}@` : ''}${host}${pathname}`
}

const UNREADABLE =
  'write it as postgres://user:password@host:port/database, and characters such as @ / ? # in the password as %40 %2F %3F %23'

// A bare slash in a password would make the rest of it the database's name, which is shown.
function isReadable(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { pathname, search, hash } = new URL(url)
  return !`${pathname}${search}${hash}`.includes('@')
}

// Node reports a refused connection to several addresses as one error without words.
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}
