import { dialectOf, foldText, openDatabase, type Database, type TableShape } from '@annex/database'
import { sql } from 'kysely'
import { DocTypes } from '../../packages/site/src/doctypes/doctypes.ts'
import { columnFields, kindOf } from '../../packages/site/src/doctypes/tables/columns.ts'
import { indexesOf } from '../../packages/site/src/doctypes/tables/indexes.ts'
import { tableName } from '../../packages/site/src/doctypes/table-name.ts'

export type Rows = readonly Readonly<Record<string, unknown>>[]

/** Opens the database as the next start does, once nothing of the killed process is at work any more. */
export async function withDatabase<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(url, { maxConnections: 1 })
  try {
    if (database.engine === 'postgres') await alone(database)
    return await work(database)
  } finally {
    await database.close()
  }
}

/** A server notices late that a client is gone, and may still be committing for it. */
async function alone({ connection }: Database): Promise<void> {
  for (;;) {
    const others = await query(
      { connection },
      sql`select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    )
    if (others.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

export async function query({ connection }: Pick<Database, 'connection'>, statement: ReturnType<typeof sql>): Promise<Rows> {
  return (await statement.execute(connection)).rows as Rows
}

/** What is wrong with a database, in words; nothing, when it is whole. */
export async function findHalfDone(database: Database): Promise<string[]> {
  const doctypes = new DocTypes(database)
  await doctypes.load()
  const shapes = new Map((await dialectOf(database.engine).listTables(database.connection)).map((shape) => [shape.name, shape]))
  const wrong: string[] = []
  for (const name of doctypes.names().filter((each) => each.startsWith('Crash'))) {
    const doctype = doctypes.require(name)
    const table = tableName(name)
    const shape = shapes.get(table)
    wrong.push(...(await wrongColumns(doctype, shape)))
    if (!doctype.istable) wrong.push(...(await wrongKeys(database, table)), ...(await wrongSearch(database, table)))
    for (const { doctype: parent, field } of doctypes.parentsOf(name)) {
      const orphans = await query(
        database,
        sql`select name from ${sql.id(table)} where parenttype = ${parent.name} and parentfield = ${field.fieldname} and parent not in (select name from ${sql.id(tableName(parent.name))})`,
      )
      wrong.push(...orphans.map((row) => `${name} ${String(row['name'])} has no parent`))
    }
  }
  if (database.engine === 'sqlite') {
    const [checked] = await query(database, sql`pragma integrity_check`)
    if (checked?.['integrity_check'] !== 'ok') wrong.push(`integrity_check: ${JSON.stringify(checked)}`)
  }
  return wrong
}

const KINDS: Readonly<Record<string, string>> = { int: 'int', check: 'int', decimal: 'decimal', datetime: 'int' }

async function wrongColumns(doctype: Parameters<typeof columnFields>[0], shape: TableShape | undefined): Promise<string[]> {
  if (!shape) return [`${doctype.name} has no table`]
  const columns = new Map(shape.columns.map((column) => [column.name, column.kind]))
  const fields = columnFields(doctype).filter((field) => columns.get(field.fieldname) !== (KINDS[kindOf(field)] ?? 'text'))
  const there = new Set(shape.indexes.map((index) => index.name))
  const indexes = indexesOf(doctype).filter((index) => !there.has(index.name))
  return [
    ...fields.map((field) => `${doctype.name} has no column for ${field.fieldname} ${field.fieldtype}`),
    ...indexes.map((index) => `${doctype.name} has no index ${index.name}`),
    ...(indexesOf(doctype).length === shape.indexes.length ? [] : [`${doctype.name} has an index too many`]),
  ]
}

async function wrongKeys(database: Database, table: string): Promise<string[]> {
  const rows = await query(database, sql`select name, _key from ${sql.id(table)}`)
  return rows.filter((row) => foldText(String(row['name'])) !== row['_key']).map((row) => `${table} ${String(row['name'])} has another key`)
}

/** Whether the newest documents are found by their names, and as many are numbered as there are. */
async function wrongSearch(database: Database, table: string): Promise<string[]> {
  const { searchIndex } = dialectOf(database.engine)
  const newest = await query(database, sql`select name, _search from ${sql.id(table)} order by modified desc limit 20`)
  const wrong: string[] = []
  for (const row of newest) {
    const found = await query(database, sql`select name from ${sql.id(table)} where ${searchIndex.contains(table, String(row['_search']))}`)
    if (!found.some((each) => each['name'] === row['name'])) wrong.push(`${table} ${String(row['name'])} is not found`)
  }
  if (database.engine === 'sqlite') {
    const [count] = await query(
      database,
      sql`select (select count(*) from ${sql.id(table)}) - (select count(*) from ${sql.id(`${table}~rows`)}) as more,
        (select count(*) from ${sql.id(table)} where name not in (select name from ${sql.id(`${table}~rows`)})) as missing`,
    )
    if (count?.['more'] !== 0 || count['missing'] !== 0) wrong.push(`${table}: the search index has other rows`)
  }
  return wrong
}
