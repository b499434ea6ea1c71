import type { Connection } from '@annex/database'

type PermissionTables = { 'tabUser Permission': { name: string; allow: string; for_value: string; hide_descendants: number } }

/** Whether someone is held to what stands below a document of the DocType. */
export async function hasTreePermission(connection: Connection, doctype: string): Promise<boolean> {
  // Index (allow, name).
  const row = await connection
    .withTables<PermissionTables>()
    .selectFrom('tabUser Permission')
    .select('name')
    .where('allow', '=', doctype)
    .where('hide_descendants', '=', 0)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Whether someone is held to this document. */
export async function hasPermissionFor(connection: Connection, doctype: string, name: string): Promise<boolean> {
  // Index (allow, name).
  const row = await connection
    .withTables<PermissionTables>()
    .selectFrom('tabUser Permission')
    .select('name')
    .where('allow', '=', doctype)
    .where('for_value', '=', name)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
