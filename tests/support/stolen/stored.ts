import Database from 'better-sqlite3'
import pg from 'pg'

export type StoredRow = Readonly<Record<string, unknown>>

/** What lies in a table, read from outside the program that the database belongs to. Whole numbers come as numbers on both engines. */
export function readTable(databaseUrl: string, table: string): Promise<StoredRow[]> {
  return ask(databaseUrl, `select * from "${table}"`)
}

/** Every table there is. */
export async function listTables(databaseUrl: string): Promise<string[]> {
  const tables = isSqlite(databaseUrl)
    ? "select name from sqlite_master where type = 'table'"
    : "select table_name as name from information_schema.tables where table_schema = current_schema() and table_type = 'BASE TABLE'"
  return (await ask(databaseUrl, tables)).map((row) => String(row['name']))
}

/** The path of an SQLite database; undefined for another engine. */
export const filePath = (databaseUrl: string): string | undefined =>
  isSqlite(databaseUrl) ? databaseUrl.slice('sqlite:'.length) : undefined

const isSqlite = (databaseUrl: string): boolean => databaseUrl.startsWith('sqlite:')

async function ask(databaseUrl: string, statement: string): Promise<StoredRow[]> {
  const path = filePath(databaseUrl)
  if (path === undefined) return askPostgres(databaseUrl, statement)
  const database = new Database(path, { readonly: true })
  try {
    return database.prepare<[], StoredRow>(statement).all()
  } finally {
    database.close()
  }
}

const INT8 = 20
const NUMERIC = 1700

async function askPostgres(url: string, statement: string): Promise<StoredRow[]> {
  const types = { getTypeParser: (oid: number) => (oid === INT8 || oid === NUMERIC ? Number : pg.types.getTypeParser(oid)) }
  const client = new pg.Client({ connectionString: url, types: types as pg.CustomTypesConfig })
  await client.connect()
  try {
    return (await client.query<StoredRow>(statement)).rows
  } finally {
    await client.end()
  }
}
