import Database from 'better-sqlite3'
import pg from 'pg'

export type StoredRow = Readonly<Record<string, unknown>>

/** What lies in a table, read from outside the program that the database belongs to. Whole numbers come as numbers on both engines. */
export async function readTable(databaseUrl: string, table: string): Promise<StoredRow[]> {
  return (await readTables(databaseUrl, [table])).get(table) ?? []
}

/** As `readTable` for several, or for all that there are. */
export async function readTables(databaseUrl: string, tables?: readonly string[]): Promise<Map<string, StoredRow[]>> {
  const reader = await openReader(databaseUrl)
  try {
    const names = tables ?? (await reader.ask(reader.tables)).map((row) => String(row['name']))
    const contents = new Map<string, StoredRow[]>()
    for (const name of names.toSorted()) contents.set(name, await reader.ask(`select * from "${name}"`))
    return contents
  } finally {
    await reader.close()
  }
}

/** The path of an SQLite database; undefined for another engine. */
export const filePath = (databaseUrl: string): string | undefined =>
  databaseUrl.startsWith('sqlite:') ? databaseUrl.slice('sqlite:'.length) : undefined

interface Reader {
  /** The statement that names all tables. */
  readonly tables: string
  ask(statement: string): Promise<StoredRow[]>
  close(): Promise<void>
}

function openReader(databaseUrl: string): Promise<Reader> {
  const path = filePath(databaseUrl)
  return path === undefined ? openPostgres(databaseUrl) : openFile(path)
}

async function openFile(path: string): Promise<Reader> {
  const database = new Database(path, { readonly: true })
  return {
    tables: "select name from sqlite_master where type = 'table'",
    ask: async (statement) => database.prepare<[], StoredRow>(statement).all(),
    close: async () => void database.close(),
  }
}

const INT8 = 20
const NUMERIC = 1700

async function openPostgres(url: string): Promise<Reader> {
  const types = { getTypeParser: (oid: number) => (oid === INT8 || oid === NUMERIC ? Number : pg.types.getTypeParser(oid)) }
  const client = new pg.Client({ connectionString: url, types })
  await client.connect()
  return {
    tables: "select table_name as name from information_schema.tables where table_schema = current_schema() and table_type = 'BASE TABLE'",
    ask: async (statement) => (await client.query<StoredRow>(statement)).rows,
    close: () => client.end(),
  }
}
