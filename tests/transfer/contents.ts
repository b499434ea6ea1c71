import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { dialectOf, openDatabase, type Connection } from '@annex/database'
import { sql } from 'kysely'

export interface Contents {
  /** Rows by table. */
  readonly counts: Readonly<Record<string, number>>
  /** Of every Item with the values of its first fields, in order of name. */
  readonly items: string
}

type Row = Readonly<Record<string, string | number | null>>

const BATCH = 1000

/** What a site holds: counted and read by other means than those that have moved it. */
export async function readContents(url: string, columns: readonly string[], signal: AbortSignal): Promise<Contents> {
  const database = await openDatabase(url, { mustExist: true, maxConnections: 1 })
  try {
    const counts: Record<string, number> = {}
    for (const { name } of await dialectOf(database.engine).listTables(database.connection)) {
      const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.id(name)}`.execute(database.connection)
      counts[name] = Number(rows[0]?.n)
    }
    return { counts, items: await sumOfItems(database.connection, columns, signal) }
  } finally {
    await database.close()
  }
}

/** Values are taken in words, so that a number which becomes text, or the other way about, is the same. */
async function sumOfItems(connection: Connection, columns: readonly string[], signal: AbortSignal): Promise<string> {
  const [hash, list] = [createHash('sha256'), sql.join(columns.map((name) => sql.id(name)))]
  for (let last = ''; ;) {
    // SQLite answers at once: a signal has its turn in between.
    await nextTurn()
    signal.throwIfAborted()
    // Primary key (name), from the last one on.
    const page = sql<Row>`select ${list} from ${sql.id('tabItem')} where name > ${last} order by name limit ${sql.lit(BATCH)}`
    const { rows } = await page.execute(connection)
    for (const row of rows) hash.update(`${JSON.stringify(columns.map((column) => inWords(row[column])))}\n`)
    if (rows.length < BATCH) return hash.digest('hex')
    last = String(rows.at(-1)?.['name'])
  }
}

const inWords = (value: string | number | null | undefined): string | null => (value === null || value === undefined ? null : String(value))
