import type { Connection } from '@annex/database'

export type AuditRow = {
  id: string
  /** UTC microseconds. */
  at: number
  event: string
  user: string | null
  client: string | null
  grant_id: string | null
  ip: string | null
  /** JSON. */
  detail: string | null
}

type Tables = {
  audit: AuditRow
}

export async function insertAuditRow(connection: Connection, row: AuditRow): Promise<void> {
  await connection.withTables<Tables>().insertInto('audit').values(row).execute()
}
