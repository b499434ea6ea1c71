import { sql } from 'kysely'
import type { Connection } from '../database.ts'
import { isSearchIndex } from './postgres-search-index.ts'
import type { ColumnShape, IndexShape, ShapeKind, TableShape } from '../shapes/shape.ts'

const KINDS: readonly (readonly [type: RegExp, kind: ShapeKind])[] = [
  [/^(bigint|integer|smallint)$/, 'int'],
  [/^(numeric|double precision)/, 'decimal'],
  [/^(text|character varying)/, 'text'],
  [/^bytea$/, 'blob'],
]

/** The tables of the schema in use. */
export async function listPostgresTables(connection: Connection): Promise<TableShape[]> {
  const [columns, indexes] = [await columnsByTable(connection), await indexesByTable(connection)]
  return [...columns].map(([name, list]) => ({
    name,
    columns: list,
    indexes: (indexes.get(name) ?? []).filter((index) => !isSearchIndex(name, index.name)),
    keyed: false,
  }))
}

async function columnsByTable(connection: Connection): Promise<Map<string, ColumnShape[]>> {
  const { rows } = await sql<{
    table: string
    name: string
    type: string
    required: number
    fallback: string | null
    key: number
  }>`select c.relname as "table", a.attname as name, format_type(a.atttypid, null) as type, a.attnotnull as required,
      pg_get_expr(d.adbin, d.adrelid) as fallback, coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0) as key
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    left join pg_index i on i.indrelid = c.oid and i.indisprimary
    where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace order by c.relname collate "C", a.attnum`.execute(connection)
  const shaped = rows.map(({ table, name, type, required, fallback, key }) => ({
    table,
    column: { name, kind: kindOf(table, name, type), required: required === 1, fallback: literal(fallback), key },
  }))
  return new Map([...Map.groupBy(shaped, (row) => row.table)].map(([table, list]) => [table, list.map((row) => row.column)]))
}

function kindOf(table: string, column: string, type: string): ShapeKind {
  const kind = KINDS.find(([pattern]) => pattern.test(type))?.[1]
  if (kind === undefined) throw new Error(`Column ${column} of the table ${table} is of the type ${type}, which Annex does not use`)
  return kind
}

/** `0`, `'0'::bigint` and `'text'::text` as the server writes them. */
function literal(text: string | null): string | number | null {
  if (text === null) return null
  const inner = /^'(.*)'::(\w+)/s.exec(text)
  if (!inner) return Number(text)
  return /^(bigint|integer|numeric)$/.test(inner[2] ?? '') ? Number(inner[1]) : (inner[1] ?? '').replaceAll("''", "'")
}

async function indexesByTable(connection: Connection): Promise<Map<string, IndexShape[]>> {
  const { rows } = await sql<{
    table: string
    name: string
    unique: number
    column: string
    descending: number
  }>`select t.relname as "table", c.relname as name, i.indisunique as "unique", a.attname as "column", (i.indoption[part.place - 1] & 1)::int as descending
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_class t on t.oid = i.indrelid
    cross join lateral unnest(i.indkey::int2[]) with ordinality as part (attnum, place)
    join pg_attribute a on a.attrelid = t.oid and a.attnum = part.attnum
    where not i.indisprimary and t.relnamespace = current_schema()::regnamespace order by c.relname collate "C", part.place`.execute(
    connection,
  )
  const shaped = [...Map.groupBy(rows, (row) => `${row.table}\n${row.name}`).values()].map((parts) => ({
    table: parts[0]?.table ?? '',
    index: {
      name: parts[0]?.name ?? '',
      unique: parts[0]?.unique === 1,
      columns: parts.map((part) => ({ name: part.column, descending: part.descending === 1 })),
    },
  }))
  return new Map([...Map.groupBy(shaped, (row) => row.table)].map(([table, list]) => [table, list.map((row) => row.index)]))
}
