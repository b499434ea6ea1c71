import type { Connection } from '@annex/database'
import type { DocPerm, Values } from '@annex/protocol'
import { parseStoredPermission } from '../definition/parse-permission.ts'

type CustomTables = {
  'tabCustom DocPerm': { name: string; parent: string; role: string; permlevel: number; if_owner: number; idx: number }
}

/** The rows that stand in the place of a DocType's own, by DocType. */
export async function listCustomPermissions(connection: Connection): Promise<ReadonlyMap<string, readonly DocPerm[]>> {
  // The whole table: they are a few for each DocType that an administrator has changed.
  const rows = await connection
    .withTables<CustomTables>()
    .selectFrom('tabCustom DocPerm')
    .selectAll()
    .orderBy('parent')
    .orderBy('name')
    .execute()
  const byDoctype = Map.groupBy(rows, (row) => row.parent)
  return new Map(
    [...byDoctype].map(([parent, held]) => [parent, held.map((row, index) => parseStoredPermission(row as Values, index + 1))]),
  )
}

export interface PermissionKey {
  readonly parent: string
  readonly role: string
  readonly permlevel: number
  readonly if_owner: number
}

/** Whether another row says something of the same role, level and owner; the state inside the transaction. */
export async function hasCustomPermission(connection: Connection, key: PermissionKey, except: string): Promise<boolean> {
  // Index (parent, name).
  const row = await connection
    .withTables<CustomTables>()
    .selectFrom('tabCustom DocPerm')
    .select('name')
    .where('parent', '=', key.parent)
    .where('role', '=', key.role)
    .where('permlevel', '=', key.permlevel)
    .where('if_owner', '=', key.if_owner)
    .where('name', '<>', except)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
