import type { Database } from '@annex/database'
import { sql } from 'kysely'
import type { Audit } from '../../../audit/audit.ts'

type StoredRow = Readonly<Record<string, unknown>>

/** Everything that is stored, by table and by what names a row in it. */
export type StoredState = ReadonlyMap<string, ReadonlyMap<string, string>>

/** By table: the columns that changed, `+2` for rows that came and `-1` for rows that went, in order. */
export type Changes = Readonly<Record<string, readonly string[]>>

/** What rows of attacks are tried on: a provider, or a whole site. */
export interface Ground<S> {
  readonly audit: Pick<Audit, 'flush'>
  readonly database: Database
  /** With an app of its own, that is registered with these values. */
  stage(client?: Readonly<Record<string, unknown>>): Promise<S>
  close(): Promise<void>
}

/** The trail and its chain are looked at by themselves; what apps did is counted whenever it is; a search index follows its table. */
const BESIDE = /^(?:audit|oauth_use_|client_use$|sqlite_)|~(?:rows|search|grams)/
/** Tell when something was last used, and nothing else. */
const USES = new Set(['last_used', 'last_seen'])

export async function storedState(database: Database): Promise<StoredState> {
  const state = new Map<string, ReadonlyMap<string, string>>()
  for (const [name, rows] of await tablesOf(database)) {
    if (BESIDE.test(name)) continue
    const keys = keysOf(rows)
    state.set(name, new Map(rows.map((row, index) => [keys[index] ?? '', JSON.stringify(withoutUses(row))])))
  }
  return state
}

/** Every table that there is, as text. */
export async function everythingStored(database: Database): Promise<string> {
  return JSON.stringify([...(await tablesOf(database))])
}

async function tablesOf({ engine, connection }: Database): Promise<ReadonlyMap<string, readonly StoredRow[]>> {
  const names =
    engine === 'sqlite'
      ? sql<{ name: string }>`select name from sqlite_master where type = 'table'`
      : sql<{ name: string }>`select table_name as name from information_schema.tables where table_schema = current_schema()`
  const tables = new Map<string, readonly StoredRow[]>()
  for (const { name } of (await names.execute(connection)).rows)
    tables.set(name, (await sql<StoredRow>`select * from ${sql.table(name)}`.execute(connection)).rows)
  return tables
}

export function changesBetween(before: StoredState, after: StoredState): Changes {
  const changes = [...after].map(([table, rows]): [string, string[]] => [table, changesOf(before.get(table) ?? new Map(), rows)])
  return Object.fromEntries(changes.filter(([, found]) => found.length > 0))
}

function changesOf(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const came = [...after.keys()].filter((key) => !before.has(key)).length
  const went = [...before.keys()].filter((key) => !after.has(key)).length
  const columns = [...after].flatMap(([key, row]) => columnsBetween(before.get(key) ?? row, row))
  return [...(came > 0 ? [`+${came}`] : []), ...(went > 0 ? [`-${went}`] : []), ...[...new Set(columns)].toSorted()]
}

function columnsBetween(before: string, after: string): string[] {
  if (before === after) return []
  const [old, now] = [JSON.parse(before), JSON.parse(after)] as StoredRow[]
  return Object.keys(now ?? {}).filter((column) => JSON.stringify(old?.[column]) !== JSON.stringify(now?.[column]))
}

const withoutUses = (row: StoredRow): StoredRow => Object.fromEntries(Object.entries(row).filter(([column]) => !USES.has(column)))

/** What names each row; where that names several, the whole of it. */
function keysOf(rows: readonly StoredRow[]): string[] {
  const [keys, seen] = [rows.map(keyOf), new Map<string, number>()]
  for (const key of keys) seen.set(key, (seen.get(key) ?? 0) + 1)
  return rows.map((row, index) =>
    seen.get(keys[index] ?? '') === 1 ? (keys[index] ?? '') : `${index} ${JSON.stringify(withoutUses(row))}`,
  )
}

function keyOf(row: StoredRow): string {
  const key = row['hash'] ?? row['id'] ?? row['kid'] ?? row['receiver'] ?? row['name']
  return typeof key === 'string' || typeof key === 'number' ? String(key) : JSON.stringify(withoutUses(row))
}

/** What the trail holds, by id: `event`, or with its reason or by whom, `event: reason`, or with what was tried and the right that it lacks. */
export async function trailOf({ connection }: Database): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ id: string; event: string; detail: string | null }>`select id, event, detail from audit`.execute(connection)
  return new Map(rows.map(({ id, event, detail }) => [id, event + reasonIn(detail)]))
}

function reasonIn(detail: string | null): string {
  const { act, scope, reason = act, by = reason } = JSON.parse(detail ?? '{}') as Record<string, unknown>
  if (typeof by !== 'string') return ''
  return by === act && typeof scope === 'string' ? `: ${by} (${scope})` : `: ${by}`
}
