import type { Database } from '@annex/database'
import { sql } from 'kysely'

type StoredRow = Readonly<Record<string, unknown>>

/** Everything that is stored, by table and by what names a row in it. */
export type StoredState = ReadonlyMap<string, ReadonlyMap<string, string>>

/** By table: the columns that changed, `+2` for rows that came and `-1` for rows that went, in order. */
export type Changes = Readonly<Record<string, readonly string[]>>

/** The trail and its chain are looked at by themselves; what apps did is counted whenever it is; a search index follows its table. */
const BESIDE = /^(?:audit|oauth_use_|sqlite_)|~(?:rows|search|grams)/
/** Tell when something was last used, and nothing else. */
const USES = new Set(['last_used', 'last_seen'])

export async function storedState({ engine, connection }: Database): Promise<StoredState> {
  const names =
    engine === 'sqlite'
      ? sql<{ name: string }>`select name from sqlite_master where type = 'table'`
      : sql<{ name: string }>`select table_name as name from information_schema.tables where table_schema = current_schema()`
  const state = new Map<string, ReadonlyMap<string, string>>()
  for (const { name } of (await names.execute(connection)).rows) {
    if (BESIDE.test(name)) continue
    const { rows } = await sql<StoredRow>`select * from ${sql.table(name)}`.execute(connection)
    state.set(name, new Map(rows.map((row) => [keyOf(row), JSON.stringify(withoutUses(row))])))
  }
  return state
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

function keyOf(row: StoredRow): string {
  const key = row['hash'] ?? row['id'] ?? row['name']
  return typeof key === 'string' || typeof key === 'number' ? String(key) : JSON.stringify(withoutUses(row))
}

/** What the trail holds, by id: `event`, or with its reason or by whom, `event: reason`. */
export async function trailOf({ connection }: Database): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ id: string; event: string; detail: string | null }>`select id, event, detail from audit`.execute(connection)
  return new Map(rows.map(({ id, event, detail }) => [id, event + reasonIn(detail)]))
}

function reasonIn(detail: string | null): string {
  const { reason, by = reason } = JSON.parse(detail ?? '{}') as { reason?: unknown; by?: unknown }
  return typeof by === 'string' ? `: ${by}` : ''
}
