import { sql } from 'kysely'
import type { Connection } from '../database.ts'
import { partName } from '../identifiers.ts'
import { GRAMS } from './sqlite-grams.ts'
import { isSearched, type ColumnShape, type IndexShape, type ShapeKind, type TableShape } from '../shapes/shape.ts'

const KINDS: Readonly<Record<string, ShapeKind>> = {
  integer: 'int',
  bigint: 'int',
  int: 'int',
  real: 'decimal',
  text: 'text',
  blob: 'blob',
}

/** The tables of the file, without what belongs to a search index. */
export async function listSqliteTables(connection: Connection): Promise<TableShape[]> {
  const { rows } = await sql<{
    name: string
    wr: number
  }>`select name, wr from pragma_table_list where schema = 'main' and type = 'table' and substr(name, 1, 7) <> 'sqlite_' order by name`.execute(
    connection,
  )
  const tables: TableShape[] = []
  for (const { name, wr } of rows)
    tables.push({ name, columns: await columnsOf(connection, name), indexes: await indexesOf(connection, name), keyed: wr === 1 })
  const searching = new Set(tables.filter(isSearched).flatMap(({ name }) => [partName(name, 'rows'), partName(name, GRAMS)]))
  return tables.filter((table) => !searching.has(table.name))
}

async function columnsOf(connection: Connection, table: string): Promise<ColumnShape[]> {
  const { rows } = await sql<{
    name: string
    type: string
    required: number
    fallback: string | null
    pk: number
  }>`select name, type, "notnull" as required, dflt_value as fallback, pk from pragma_table_info(${table}) order by cid`.execute(connection)
  return rows.map(({ name, type, required, fallback, pk }) => ({
    name,
    kind: kindOf(table, name, type),
    required: required === 1,
    fallback: literal(fallback),
    key: pk,
  }))
}

function kindOf(table: string, column: string, type: string): ShapeKind {
  const kind = KINDS[type.toLowerCase()]
  if (kind === undefined) throw new Error(`Column ${column} of the table ${table} is of the type ${type}, which Annex does not use`)
  return kind
}

/** `0` and `'text'` as the schema writes them. */
function literal(text: string | null): string | number | null {
  if (text === null || text.toLowerCase() === 'null') return null
  const inner = /^'(.*)'$/s.exec(text)?.[1]
  return inner === undefined ? Number(text) : inner.replaceAll("''", "'")
}

async function indexesOf(connection: Connection, table: string): Promise<IndexShape[]> {
  const { rows } = await sql<{
    name: string
    unique: number
    column: string
    desc: number
  }>`select list.name, list."unique", part.name as "column", part."desc" from pragma_index_list(${table}) as list join pragma_index_xinfo(list.name) as part
    where list.origin <> 'pk' and part.key = 1 order by list.name, part.seqno`.execute(connection)
  return [...Map.groupBy(rows, (row) => row.name)].map(([name, parts]) => ({
    // One that a constraint made has a name that nobody may give.
    name: name.startsWith('sqlite_') ? partName(table, parts.map((part) => part.column).join('~')) : name,
    unique: parts[0]?.unique === 1,
    columns: parts.map((part) => ({ name: part.column, descending: part.desc === 1 })),
  }))
}
