import type { Connection } from '@annex/database'
import { sql, type RawBuilder } from 'kysely'
import type { SecretPlace } from './sealed-value-store.ts'

/** A table with a sealed value in each row, and `key_id` of the key that opens it. */
export interface SealedTable {
  /** What it holds, in the words of an operator: `Password fields`. */
  readonly kind: string
  readonly table: string
  /** Its primary key, all of text. */
  readonly key: readonly string[]
  /** The column of the sealed text. */
  readonly column: string
  /** What the row's value is sealed for, by the texts of its key and of `more`. */
  readonly placeOf: (row: Readonly<Record<string, string>>) => SecretPlace
  /** Further columns that the place is made of. */
  readonly more?: readonly string[]
}

export interface SealedRow {
  /** The values of the primary key, in its order. */
  readonly key: readonly string[]
  readonly place: SecretPlace
  readonly keyId: string
  readonly text: string
}

/** How many values of a table hang on a key. */
export interface KeyCount {
  readonly keyId: string
  readonly values: number
  /** Of them those whose text does not begin as those of today do. */
  readonly outdated: number
}

/** Rows after one, in the order of their key, whose text does not begin in that way, or that another key than the one named has sealed. */
export async function listOutdated(
  connection: Connection,
  table: SealedTable,
  { keyId, start }: { readonly keyId?: string; readonly start: string },
  after: readonly string[] | undefined,
  limit: number,
): Promise<SealedRow[]> {
  const key = sql.join(table.key.map((column) => sql.ref(column)))
  const rest = after ? sql`(${key}) > (${sql.join(after)}) and` : sql``
  const other = keyId === undefined ? sql`` : sql`key_id <> ${keyId} or`
  const columns = sql.join([...table.key, ...(table.more ?? []), 'key_id', table.column].map((column) => sql.ref(column)))
  // Primary key, from one page to the next.
  const { rows } = await sql<Record<string, string>>`select ${columns} from ${sql.table(table.table)}
    where ${rest} (${other} ${outdated(table, start)}) order by ${key} limit ${limit}`.execute(connection)
  return rows.map((row) => ({
    key: table.key.map((column) => row[column] ?? ''),
    place: table.placeOf(row),
    keyId: row['key_id'] ?? '',
    text: row[table.column] ?? '',
  }))
}

/** Puts a text in the place of the one that was read. False when that is not there any more: whoever wrote meanwhile has the last word. */
export async function exchangeSealed(
  connection: Connection,
  table: SealedTable,
  row: SealedRow,
  next: { readonly keyId: string; readonly text: string },
): Promise<boolean> {
  const [names, column] = [sql.join(table.key.map((name) => sql.ref(name))), sql.ref(table.column)]
  // Primary key.
  const { numAffectedRows } = await sql`update ${sql.table(table.table)} set key_id = ${next.keyId}, ${column} = ${next.text}
    where (${names}) = (${sql.join(row.key)}) and key_id = ${row.keyId} and ${column} = ${row.text}`.execute(connection)
  return (numAffectedRows ?? 0n) > 0n
}

/** How many values hang on each key. Reads the whole table: for operators alone. */
export async function countByKey(connection: Connection, table: SealedTable, start: string): Promise<KeyCount[]> {
  const { rows } = await sql<{ key_id: string; n: number; old: number }>`select key_id, count(*) as n,
    sum(case when ${outdated(table, start)} then 1 else 0 end) as old from ${sql.table(table.table)} group by key_id`.execute(connection)
  return rows.map(({ key_id: keyId, n, old }) => ({ keyId, values: n, outdated: old }))
}

const outdated = ({ column }: SealedTable, start: string): RawBuilder<boolean> =>
  sql<boolean>`substr(${sql.ref(column)}, 1, ${sql.lit(start.length)}) <> ${start}`
